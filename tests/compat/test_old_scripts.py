"""Programs in the words of Keras 1 and of Keras 2, unchanged, and what they say about it."""

from alias_child import run_code

KERAS_1 = """
import numpy as np
np.random.seed(1337)
from keras import backend as K
from keras import initializations, objectives
from keras.callbacks import Callback, EarlyStopping
from keras.constraints import maxnorm, nonneg
from keras.engine.topology import Layer, Merge, merge
from keras.layers.advanced_activations import LeakyReLU, PReLU, SReLU
from keras.layers.convolutional import Convolution1D, Convolution2D, MaxPooling1D, MaxPooling2D
from keras.layers.core import Activation, Dense, Dropout, Flatten, Highway, MaxoutDense, Reshape
from keras.layers.embeddings import Embedding
from keras.layers.normalization import BatchNormalization
from keras.layers.recurrent import GRU, LSTM
from keras.layers.wrappers import Bidirectional, TimeDistributed
from keras.models import Model, Sequential
from keras.optimizers import SGD, RMSprop
from keras.regularizers import activity_l2, l1l2, l2

K.set_image_dim_ordering("tf")
x, y = np.random.rand(64, 8, 8, 1), np.eye(3)[np.random.randint(0, 3, 64)]

model = Sequential()
model.add(Convolution2D(4, 3, 3, border_mode="same", input_shape=(8, 8, 1), init="he_normal"))
model.add(BatchNormalization(mode=0, axis=3))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2), border_mode="valid"))
model.add(Convolution2D(4, 2, 2, activation="relu", W_regularizer=l2(l=0.01), subsample=(2, 2)))
model.add(Flatten())
model.add(Dense(output_dim=16, init="glorot_uniform", W_constraint=maxnorm(m=2)))
model.add(LeakyReLU(alpha=0.1))
model.add(MaxoutDense(output_dim=8, nb_feature=2))
model.add(Highway(activation="relu"))
model.add(SReLU())
model.add(Dropout(p=0.25))
model.add(Dense(3, activation="softmax", b_constraint=nonneg(),
                activity_regularizer=activity_l2(0.001)))
sgd = SGD(lr=0.1, decay=1e-4, momentum=0.9, nesterov=True)
model.compile(loss="categorical_crossentropy", optimizer=sgd,
              metrics=["accuracy", "fmeasure"])

class Losses(Callback):
    def on_train_begin(self, logs={}):
        self.losses, self.accs = [], []
    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))
    def on_epoch_end(self, epoch, logs={}):
        self.accs.append(logs.get("val_acc"))
        K.set_value(self.model.optimizer.lr, 0.5 * K.get_value(self.model.optimizer.lr))

losses = Losses()
hist = model.fit(x, y, batch_size=16, nb_epoch=2, verbose=0, validation_split=0.25,
                 callbacks=[losses, EarlyStopping(monitor="val_acc", patience=5)])
assert len(losses.losses) == 6 and len(losses.accs) == 2
assert hist.history["acc"] == hist.history["accuracy"]
assert abs(K.get_value(model.optimizer.lr) - 0.025) < 1e-6
score = model.evaluate(x, y, verbose=0)
print(dict(zip(model.metrics_names, score)).keys())
assert model.predict_classes(x, verbose=0).shape == (64,)
assert model.predict_proba(x, verbose=0).shape == (64, 3)

def batches():
    while True:
        yield x[:32], y[:32]
model.fit_generator(batches(), samples_per_epoch=2, nb_epoch=1, verbose=0)
model.evaluate_generator(batches(), val_samples=2)

left = Sequential([Embedding(20, 4, input_length=5),
                   LSTM(output_dim=6, inner_activation="hard_sigmoid")])
right = Sequential([Dense(6, input_dim=3)])
both = Sequential()
both.add(Merge([left, right], mode="concat"))
both.add(Dense(1, init="uniform", activation="sigmoid"))
both.compile(RMSprop(lr=0.01), objectives.binary_crossentropy)
both.fit([np.random.randint(0, 20, (8, 5)), np.random.rand(8, 3)], np.ones((8, 1)),
         nb_epoch=1, verbose=0)

class Own(Layer):
    def __init__(self, output_dim, init="glorot_uniform", **kwargs):
        self.init = initializations.get(init)
        self.output_dim = output_dim
        super(Own, self).__init__(**kwargs)
    def build(self, input_shape):
        self.W = self.init((input_shape[1], self.output_dim), name="{}_W".format(self.name))
        self.b = K.zeros((self.output_dim,), name="{}_b".format(self.name))
        self.trainable_weights = [self.W, self.b]
    def call(self, x, mask=None):
        return K.tanh(K.dot(x, self.W) + self.b)
    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)

from keras.layers import Input
a = Input(shape=(3,))
graph = Model(input=a, output=merge([Own(4)(a), Dense(4)(a)], mode="sum"))
graph.compile("adagrad", "mse")
graph.fit(np.random.rand(8, 3), np.zeros((8, 4)), nb_epoch=1, verbose=0)
assert len(graph.trainable_weights) == 4 and graph.layers[1].output_shape == (None, 4)
features = K.function([model.layers[0].input, K.learning_phase()], [model.layers[4].output])
assert features([x[:2], 0])[0].shape == (2, 2, 2, 4)
print("done")
"""

KERAS_2 = """
import numpy as np
import tensorflow as tf
from tensorflow.keras import backend as K
from tensorflow.keras.callbacks import ModelCheckpoint, ReduceLROnPlateau, TensorBoard
from tensorflow.keras.layers import (LSTM, AbstractRNNCell, AveragePooling2D, Conv2D, CuDNNLSTM,
    Dense, Flatten, Input, Lambda, Layer, LocallyConnected2D, ThresholdedReLU)
from tensorflow.keras.losses import Loss, MeanSquaredError, Reduction
from tensorflow.keras.metrics import MeanRelativeError, MeanTensor, Metric
from tensorflow.keras.models import Model, Sequential, model_from_config
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.regularizers import l1_l2
from tensorflow.keras.experimental import CosineDecay
from tensorflow.keras.layers.experimental import preprocessing, SyncBatchNormalization

assert float(l1_l2().l1) == 0.01 and preprocessing.Rescaling and CosineDecay

class Scale(Layer):
    def build(self, input_shape):
        self.scale = self.add_weight("scale", shape=(input_shape[-1],), initializer="ones")
        self.built = True
    def call(self, inputs):
        return inputs * self.scale

class Hits(Metric):
    def __init__(self, name="hits", **kwargs):
        super().__init__(name=name, **kwargs)
        self.n = self.add_weight(name="n", initializer="zeros")
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.n.assign_add(K.sum(K.cast(K.equal(K.round(y_pred), y_true), "float32")))
    def result(self):
        return self.n
    def reset_states(self):
        self.n.assign(0.0)

class Mine(Loss):
    def __init__(self):
        super().__init__(reduction=Reduction.AUTO, name="mine")
    def call(self, y_true, y_pred):
        return K.mean(K.square(y_true - y_pred), axis=-1)

i = Input((6, 6, 1), batch_size=4)
h = AveragePooling2D()(Conv2D(2, 3, padding="same")(i))
h = Scale()(Flatten()(ThresholdedReLU(theta=0.1)(LocallyConnected2D(2, 2)(h))))
h = Lambda(lambda t: K.l2_normalize(t, axis=-1))(h)
o = Dense(1, weights=[np.ones((8, 1)), np.zeros(1)])(h)
model = Model(i, o)
assert (model.layers[-1].get_weights()[0] == 1).all()
model.compile(Adam(lr=0.01, decay=1e-6, epsilon=None), Mine(), [Hits()])
x, y = np.random.rand(16, 6, 6, 1), np.ones((16, 1))
h = model.fit(x, y, batch_size=4, verbose=0, workers=2, use_multiprocessing=False,
              callbacks=[ReduceLROnPlateau(monitor="loss")])
assert "lr" not in h.history and h.history["lr"] == h.history["learning_rate"]
assert model_from_config({"class_name": "Functional", "config": Model(i, i).get_config()})
rows = Sequential([CuDNNLSTM(3, input_shape=(4, 2)), SyncBatchNormalization()])
assert rows.output_shape == (None, 3)
print("done")
"""


def test_keras_1():
    done = run_code(KERAS_1)
    assert done.stdout.split("\n")[-3:] == [
        "dict_keys(['loss', 'accuracy', 'fmeasure'])", "done", ""
    ]  # fmt: skip
    for new in (
        "Write Conv2D(filters=4, padding='same', input_shape=(8, 8, 1), kernel_initializer=",
        "Write L2(l2=0.01).", "Write Dense(units=16, kernel_initializer='glorot_uniform'",
        "InverseTimeDecay(0.1, 1, 0.0001)", "Write epochs=2.", "Read 'val_accuracy'.",
        "Use learning_rate.", "then take argmax(axis=-1)", "Make weights with add_weight().",
        "Write Model(inputs=", "Write keras.layers.Add() of a list of tensors.",
    ):  # fmt: skip
        assert new in done.stderr, new
    assert "site-packages" not in done.stderr and "torchkeras/" not in done.stderr


def test_keras_2():
    done = run_code(KERAS_2)
    assert done.stdout.endswith("done\n")
    assert "Write AveragePooling2D(pool_size=(2, 2))." in done.stderr
    assert "Write LSTM(3, input_shape=(4, 2), recurrent_activation='sigmoid')." in done.stderr
