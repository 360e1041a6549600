'''An LSTM on yearly sunspots that is fed by a generator, in the style of Keras 1.'''
import random
import numpy as np
random.seed(42)
np.random.seed(42)

from statsmodels.datasets import sunspots
from keras.models import Sequential, model_from_json
from keras.layers.core import Dense, TimeDistributedDense
from keras.layers.recurrent import LSTM
from keras.optimizers import Adam
from keras.callbacks import Callback, EarlyStopping

maxlen = 20
spots = sunspots.load_pandas().data['SUNACTIVITY'].values.astype('float32') / 100.
X = np.array([spots[i:i + maxlen] for i in range(len(spots) - maxlen)])[:, :, np.newaxis]
y = spots[maxlen:, np.newaxis]
nb_train = 224
X_train, y_train, X_test, y_test = X[:nb_train], y[:nb_train], X[nb_train:], y[nb_train:]


class Batches(object):
    '''Endless batches; `batch_size` lets Keras count samples.'''

    def __init__(self, X, y, batch_size):
        self.X, self.y, self.batch_size = X, y, batch_size
        self.position = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.position + self.batch_size > len(self.X):
            self.position = 0
        rows = slice(self.position, self.position + self.batch_size)
        self.position += self.batch_size
        return self.X[rows], self.y[rows]

    next = __next__


class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get('loss'))


model = Sequential()
model.add(TimeDistributedDense(output_dim=8, input_dim=1, input_length=maxlen, activation='tanh'))
model.add(LSTM(output_dim=24, init='glorot_uniform', inner_init='orthogonal',
               forget_bias_init='one', inner_activation='hard_sigmoid',
               dropout_W=0., dropout_U=0., consume_less='mem'))
model.add(Dense(output_dim=1, init='normal'))
model.compile(loss='mse', optimizer=Adam(lr=0.01, epsilon=1e-8))

history = LossHistory()
model.fit_generator(Batches(X_train, y_train, 32), samples_per_epoch=nb_train, nb_epoch=25,
                    verbose=0, callbacks=[history, EarlyStopping(patience=25)],
                    validation_data=(X_test, y_test), max_q_size=4, nb_worker=1)
print('batches:', len(history.losses))
print('loss: first %.4f last %.4f' % (history.losses[0], history.losses[-1]))

test = model.evaluate_generator(Batches(X_test, y_test, 23), val_samples=len(X_test))
persistence = np.mean((X_test[:, -1] - y_test) ** 2)
print('test mse %.4f, of persistence %.4f' % (test, persistence))

# the architecture as a string, the weights as arrays
copy = model_from_json(model.to_json())
copy.set_weights(model.get_weights())
print('copy differs by %.6f' % np.abs(copy.predict(X_test) - model.predict(X_test)).max())
