"""The demo's kiosks: two venues, their customers with memberships and cards, and months of paid orders."""
