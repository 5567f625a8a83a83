"""A small Stripe: the API that the library asks, signed events, and pages to pay on and to play the bank."""
