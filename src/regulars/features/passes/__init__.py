"""Wallet passes: their tokens, and what Apple Wallet and Google Wallet are told of them."""
