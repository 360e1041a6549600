"""Keras's layers, each an `nn.Module`."""
