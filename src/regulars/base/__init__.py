"""What every layer may use: ids, the clock, refusals and phone numbers."""
