'''A convolutional network on handwritten digits, in the style of Keras 1.'''
from __future__ import print_function

import random
import numpy as np
random.seed(1337)  # for reproducibility
np.random.seed(1337)

from sklearn.datasets import load_digits
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation, Flatten
from keras.layers.convolutional import Convolution2D, MaxPooling2D
from keras.optimizers import SGD
from keras.utils import np_utils
from keras import backend as K

batch_size = 32
nb_classes = 10
nb_epoch = 8
img_rows, img_cols = 8, 8
nb_filters = 32
pool_size = (2, 2)

digits = load_digits()
order = np.random.permutation(len(digits.images))
X = digits.images[order].astype('float32') / 16
y = digits.target[order]
X_train, X_test = X[:1440], X[1440:]
y_train, y_test = y[:1440], y[1440:]

if K.image_dim_ordering() == 'th':
    X_train = X_train.reshape(X_train.shape[0], 1, img_rows, img_cols)
    X_test = X_test.reshape(X_test.shape[0], 1, img_rows, img_cols)
    input_shape = (1, img_rows, img_cols)
else:
    X_train = X_train.reshape(X_train.shape[0], img_rows, img_cols, 1)
    X_test = X_test.reshape(X_test.shape[0], img_rows, img_cols, 1)
    input_shape = (img_rows, img_cols, 1)
print('X_train shape:', X_train.shape)

Y_train = np_utils.to_categorical(y_train, nb_classes)
Y_test = np_utils.to_categorical(y_test, nb_classes)

model = Sequential()
model.add(Convolution2D(nb_filters, 3, 3, border_mode='same', init='he_normal',
                        input_shape=input_shape))
model.add(Activation('relu'))
model.add(Convolution2D(nb_filters, 3, 3, border_mode='valid', subsample=(1, 1)))
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=pool_size, border_mode='valid'))
model.add(Dropout(p=0.25))
model.add(Flatten())
model.add(Dense(output_dim=64, init='glorot_uniform', activation='relu'))
model.add(Dropout(0.25))
model.add(Dense(nb_classes))
model.add(Activation('softmax'))

sgd = SGD(lr=0.05, decay=1e-4, momentum=0.9, nesterov=True)
model.compile(loss='categorical_crossentropy', optimizer=sgd, metrics=['accuracy'])
history = model.fit(X_train, Y_train, batch_size=batch_size, nb_epoch=nb_epoch,
                    verbose=2, validation_data=(X_test, Y_test))

score = model.evaluate(X_test, Y_test, verbose=0)
print('parameters:', model.count_params())
print('epochs:', len(history.history['val_acc']))
print('Test loss: %.4f' % score[0])
print('Test accuracy: %.4f' % score[1])
classes = model.predict_classes(X_test, verbose=0)
print('wrong of %d: %d' % (len(classes), np.sum(classes != y_test)))
