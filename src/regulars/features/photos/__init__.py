"""Photos: received from anybody, decoded apart, made harmless, kept as files."""
