"""How often each verb is called, how often it fails, why, and how long it takes."""
