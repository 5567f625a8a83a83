"""Rejoes: lending clothes, each loan with its photos."""
