"""Who may do what: programs, their locations and settings, credentials, counters and counted limits."""
