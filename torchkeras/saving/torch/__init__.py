"""torch's checkpoints, and weights of torch modules."""
