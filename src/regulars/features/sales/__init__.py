"""Sales that tills log: what was claimed, what our rules give, visits, and what customers prefer."""
