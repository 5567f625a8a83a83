"""Answers that are given again: a request under an idempotency key has one effect and one answer."""
