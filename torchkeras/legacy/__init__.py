"""What Keras keeps of its older self under `keras.legacy`."""

from torchkeras.legacy import saving as saving
