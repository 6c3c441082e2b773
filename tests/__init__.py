"""The project's tests, its demo, and what they share."""
