"""A server that plays a receiver of webhooks, and shows what arrived and whether its signature verified."""
