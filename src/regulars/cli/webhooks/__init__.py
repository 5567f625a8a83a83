"""`regulars webhooks`: the commands, and what they show."""
