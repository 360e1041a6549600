"""Tensors, variables, symbols, configs and the registry."""
