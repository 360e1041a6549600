"""What is attached to a layer from the side: low-rank updates, weights in few bits."""
