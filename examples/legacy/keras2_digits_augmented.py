"""Augmented digits, an HDF5 file and a checkpoint, in the style of Keras 2."""
from __future__ import print_function

import os
import random
import tempfile

import keras
import numpy as np
from keras.callbacks import ModelCheckpoint, ReduceLROnPlateau
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential, load_model
from keras.preprocessing.image import ImageDataGenerator
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

random.seed(0)
np.random.seed(0)
num_classes = 10
epochs = 8
batch_size = 64

digits = load_digits()
x = np.expand_dims(digits.images, -1).astype('float32')
x_train, x_test, y_train, y_test = train_test_split(
    x, digits.target, test_size=0.2, random_state=0, stratify=digits.target)
labels = y_test
y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

datagen = ImageDataGenerator(
    rescale=1. / 16,
    rotation_range=5,
    width_shift_range=0.1,
    height_shift_range=0.1,
    fill_mode='nearest',
    horizontal_flip=False)
datagen.fit(x_train)
plain = ImageDataGenerator(rescale=1. / 16)

model = Sequential([
    Conv2D(32, (3, 3), padding='same', input_shape=x_train.shape[1:]),
    BatchNormalization(),
    Activation('relu'),
    Conv2D(32, (3, 3), activation='relu'),
    MaxPooling2D(pool_size=(2, 2)),
    Flatten(),
    Dense(64, activation='relu', kernel_regularizer=keras.regularizers.l2(1e-4)),
    Dense(num_classes, activation='softmax'),
])
model.compile(loss='categorical_crossentropy',
              optimizer=keras.optimizers.Adam(lr=3e-3),
              metrics=['acc'])

with tempfile.TemporaryDirectory() as folder:
    best = os.path.join(folder, 'best.hdf5')
    history = model.fit_generator(
        datagen.flow(x_train, y_train, batch_size=batch_size, seed=1),
        steps_per_epoch=len(x_train) // batch_size,
        epochs=epochs,
        verbose=2,
        workers=1,
        validation_data=plain.flow(x_test, y_test, batch_size=90, shuffle=False),
        validation_steps=4,
        callbacks=[
            ModelCheckpoint(best, monitor='val_acc', save_best_only=True, period=1),
            ReduceLROnPlateau(monitor='val_loss', factor=0.5, patience=2),
        ])
    print('history:', ' '.join(sorted(history.history)))
    print('best val_acc: %.4f' % max(history.history['val_acc']))
    best_model = load_model(best)
    path = os.path.join(folder, 'digits.h5')
    model.save(path)
    copy = load_model(path)

scores = best_model.evaluate_generator(
    plain.flow(x_test, y_test, batch_size=90, shuffle=False), steps=4)
print('checkpoint:', dict((k, round(float(v), 4)) for k, v in zip(model.metrics_names, scores)))
classes = copy.predict_classes(x_test / 16)
print('test accuracy of the copy: %.4f' % np.mean(classes == labels))
same = np.abs(copy.predict(x_test / 16) - model.predict(x_test / 16)).max()
print('copy differs by %.6f' % same)
