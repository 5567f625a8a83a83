"""The demo's two hotels: their rates, guests and promos, and what their tills sold over ten months."""
