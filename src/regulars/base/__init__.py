"""What every layer may use: ids, the clock, refusals, phone numbers, and caches in front of queries."""
