"""Sessions Rewards, word for word: kiosks, cart holds, paid membership and wallet cards."""
