"""`keras.preprocessing` of Keras 1 and 2: images, sequences, texts."""
