"""What happened, for those who want to be told of it."""
