"""FitTwin: members recommend products, shops tell of clicks and orders, rewards follow."""
