"""`regulars promos`: the commands, what their options mean, and what they show."""
