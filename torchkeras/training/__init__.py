"""The training engine: data, the one loop, steps, compile containers."""
