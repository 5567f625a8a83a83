"""Apple's push service, and certificates like those that Apple gives out."""
