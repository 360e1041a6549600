"""`keras.utils` of Keras 1 and 2: numbers, models, workers, files."""
