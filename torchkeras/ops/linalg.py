"""Names of the ops of linear algebra: `keras.ops.linalg`."""
