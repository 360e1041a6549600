"""The functions of `keras.backend` of Keras 1, Keras 2 and tf.keras, by subject."""
