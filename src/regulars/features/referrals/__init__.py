"""Referrals: members recommend products, and get a reward for what is bought and kept."""
