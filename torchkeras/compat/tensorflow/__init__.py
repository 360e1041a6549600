"""The part of TensorFlow that Keras scripts touch, on torch."""

__version__ = "2.21.0"  # whose names these are
