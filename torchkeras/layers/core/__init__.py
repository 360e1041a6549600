"""Dense, Embedding, Input and the other basic layers."""
