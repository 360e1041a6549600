"""Positional compile, K.function and gradients, in the style of Keras 2."""
import random

import numpy as np

random.seed(3)
np.random.seed(3)

import keras.backend as K
from keras.callbacks import Callback, EarlyStopping, LearningRateScheduler
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.core import Dense, Dropout
from keras.layers.normalization import BatchNormalization
from keras.models import Sequential
from sklearn.datasets import load_breast_cancer

data = load_breast_cancer()
order = np.random.permutation(len(data.target))
X = data.data[order]
X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype('float32')
y = data.target[order].reshape(-1, 1)
X_train, X_test, y_train, y_test = X[:455], X[455:], y[:455], y[455:]


class LossHistory(Callback):
    def on_train_begin(self, logs=None):
        self.losses, self.rates = [], []

    def on_batch_end(self, batch, logs=None):
        self.losses.append(logs['loss'])

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(K.get_value(self.model.optimizer.lr)))


def schedule(epoch, lr):
    return lr * 0.9


def f1(y_true, y_pred):
    y_true = K.cast(y_true, K.floatx())
    found = K.round(K.clip(y_pred, 0, 1))
    hits = K.sum(y_true * found)
    return 2 * hits / (K.sum(y_true) + K.sum(found) + K.epsilon())


model = Sequential()
model.add(Dense(16, input_shape=(30,), kernel_initializer='he_uniform', name='hidden'))
model.add(LeakyReLU(alpha=0.1))
model.add(BatchNormalization())
model.add(Dropout(rate=0.2))
model.add(Dense(1, activation='sigmoid'))
model.compile('adam', 'binary_crossentropy', ['accuracy', f1])

losses = LossHistory()
history = model.fit(X_train, y_train, batch_size=32, epochs=25, verbose=0, validation_split=0.2,
                    callbacks=[losses, EarlyStopping(monitor='val_loss', patience=10),
                               LearningRateScheduler(schedule)])
print('history:', ' '.join(sorted(history.history)))
print('loss: first %.4f last %.4f' % (losses.losses[0], losses.losses[-1]))
print('rate: first %.6f second %.6f' % tuple(losses.rates[:2]))

scores = dict(zip(model.metrics_names, model.evaluate(X_test, y_test, verbose=0)))
print('accuracy %.4f' % scores.get('accuracy', scores.get('acc')))
print('f1 %.4f' % scores['f1'])
classes = model.predict_classes(X_test)
print('classes %s, wrong %d' % (classes.shape, np.sum(classes != y_test)))

# what the hidden layer sees, in both phases
activations = K.function([model.layers[0].input, K.learning_phase()], [model.layers[3].output])
quiet = activations([X_test, 0])[0]
noisy = activations([X_test, 1])[0]
print('activations %s, of zeros: %.4f in test, %.4f in training' % (
    quiet.shape, np.mean(quiet == 0), np.mean(noisy == 0)))

# which measurements the decision depends on
gradients = K.gradients(K.sum(model.output), model.input)[0]
saliency = np.abs(K.function([model.input, K.learning_phase()], [gradients])([X_test, 0])[0])
print('saliency %s, largest: %s' % (
    saliency.shape, data.feature_names[saliency.mean(axis=0).argmax()]))
