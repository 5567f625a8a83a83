"""The published HTTP contracts, word for word. None of them imports another one."""
