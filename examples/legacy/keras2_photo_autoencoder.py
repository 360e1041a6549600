"""A variational autoencoder on patches of photographs, in the style of Keras 2."""
import random

import numpy as np

random.seed(11)
np.random.seed(11)

from keras import backend as K
from keras import metrics
from keras.layers import Dense, Input, Lambda
from keras.losses import mse
from keras.models import Model
from sklearn.datasets import load_sample_image

original_dim = 64
intermediate_dim = 48
latent_dim = 8
batch_size = 100
epochs = 12


def patches(image, count):
    rows = np.random.randint(0, image.shape[0] - 8, count)
    columns = np.random.randint(0, image.shape[1] - 8, count)
    found = [image[r:r + 8, c:c + 8].ravel() for r, c in zip(rows, columns)]
    return np.array(found, dtype='float32')


def sampling(args):
    z_mean, z_log_var = args
    batch = K.shape(z_mean)[0]
    dim = K.int_shape(z_mean)[1]
    epsilon = K.random_normal(shape=(batch, dim))
    return z_mean + K.exp(0.5 * z_log_var) * epsilon


x_train = patches(load_sample_image('china.jpg').mean(axis=-1) / 255., 4000)
x_test = patches(load_sample_image('flower.jpg').mean(axis=-1) / 255., 500)

inputs = Input(shape=(original_dim,), name='encoder_input')
x = Dense(intermediate_dim, activation='relu')(inputs)
z_mean = Dense(latent_dim, name='z_mean')(x)
z_log_var = Dense(latent_dim, name='z_log_var')(x)
z = Lambda(sampling, output_shape=(latent_dim,), name='z')([z_mean, z_log_var])
encoder = Model(inputs, [z_mean, z_log_var, z], name='encoder')

latent_inputs = Input(shape=(latent_dim,), name='z_sampling')
x = Dense(intermediate_dim, activation='relu')(latent_inputs)
outputs = Dense(original_dim, activation='sigmoid')(x)
decoder = Model(latent_inputs, outputs, name='decoder')

outputs = decoder(encoder(inputs)[2])
vae = Model(inputs, outputs, name='vae')

reconstruction_loss = mse(inputs, outputs) * original_dim * 100
kl_loss = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
vae.add_loss(K.mean(reconstruction_loss + kl_loss))
vae.compile(optimizer='adam')
history = vae.fit(x_train, epochs=epochs, batch_size=batch_size, verbose=0,
                  validation_data=(x_test, None))
print('loss: first %.3f last %.3f' % (history.history['loss'][0], history.history['loss'][-1]))
print('val_loss: last %.3f' % history.history['val_loss'][-1])

means = encoder.predict(x_test, batch_size=batch_size)[0]
decoded = decoder.predict(means)
error = np.mean((decoded - x_test) ** 2)
flat = np.mean((x_test.mean(axis=1, keepdims=True) - x_test) ** 2)
spread = x_test.var()
print('codes %s, error %.5f, of flat patches %.5f, variance %.5f' % (means.shape, error, flat, spread))
print('used codes: %d' % np.sum(means.std(axis=0) > 0.5))
