"""Kiosks: points for paid orders, rewards held for carts, and who the customer at the kiosk is."""
