"""Tiers by visits: the ladder of a program, and the discounts that each hotel gives on each step."""
