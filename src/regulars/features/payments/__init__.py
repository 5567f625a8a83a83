"""Stripe as a protocol: signed events, checkout sessions, and what it says of subscriptions and payments."""
