"""The demo: a family street's year of chores and treats, the same on every machine, ending today."""
