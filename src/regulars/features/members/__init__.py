"""Members, what they are recognised by, and where requests came from: all personal data there is."""
