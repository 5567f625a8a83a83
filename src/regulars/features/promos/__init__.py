"""Promos: codes that a till enters, bonuses on a customer's own rates, and how often they may be used."""
