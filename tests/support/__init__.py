"""What the tests and the demo share: the model, the checkers, the load client, the world they run in."""
