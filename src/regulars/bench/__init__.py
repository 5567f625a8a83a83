"""Benchmarks that print what the server does beside a yardstick, measured in the same run."""
