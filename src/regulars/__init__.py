"""Regulars: a loyalty, membership and rewards server."""
