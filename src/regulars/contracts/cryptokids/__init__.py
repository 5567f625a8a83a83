"""CryptoKids: a family's chores, points and rewards, as its contract and its two web pages speak."""
