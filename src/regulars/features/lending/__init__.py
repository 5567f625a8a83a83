"""Lending: members with a plan borrow garments, bring them back, and swap them."""
