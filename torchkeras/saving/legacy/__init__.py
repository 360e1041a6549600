"""Weights of Keras 1, Keras 2 and tf.keras."""
