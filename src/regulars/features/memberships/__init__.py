"""Paid memberships: how they are bought, how they stand, and what each paid period grants."""
