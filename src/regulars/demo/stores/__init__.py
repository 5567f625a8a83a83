"""The demo's stores, which lend clothes: two places, their borrowers, and a year of loans with pictures."""
