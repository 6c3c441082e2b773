"""What is in deploy/ besides the local system, checked by the tools of its users."""
