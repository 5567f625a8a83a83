"""Loyalty Hub, word for word: the tills of hotels and pubs."""
