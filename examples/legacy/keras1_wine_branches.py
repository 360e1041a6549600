'''Two branches that are merged, in the style of Keras 1: which vineyard does a wine come from?'''
import random
import numpy as np
random.seed(7)
np.random.seed(7)

from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from keras import backend as K
from keras.models import Model, Sequential
from keras.layers import Dense, Dropout, Input, Merge, merge
from keras.regularizers import l2
from keras.utils.np_utils import to_categorical

wine = load_wine()
order = np.random.permutation(len(wine.target))
X = StandardScaler().fit_transform(wine.data)[order].astype('float32')
y = wine.target[order]
Y = to_categorical(y, nb_classes=3)
acids, others = X[:, :6], X[:, 6:]
train, test = slice(0, 130), slice(130, None)

# the functional model: merge(), Model(input=, output=)
left = Input(shape=(6,), name='acids')
right = Input(shape=(7,), name='others')
a = Dense(output_dim=8, init='uniform', activation='tanh', W_regularizer=l2(0.001))(left)
b = Dense(output_dim=8, init='uniform', activation='tanh', W_regularizer=l2(0.001))(right)
both = merge([a, b], mode='concat', concat_axis=-1)
both = Dropout(p=0.1)(both)
out = Dense(output_dim=3, activation='softmax', bias=True)(both)
model = Model(input=[left, right], output=out)
model.compile(optimizer='rmsprop', loss='categorical_crossentropy', metrics=['accuracy'])
model.fit([acids[train], others[train]], Y[train], nb_epoch=40, batch_size=16, verbose=0)
loss, acc = model.evaluate([acids[test], others[test]], Y[test], verbose=0)
print('functional: loss %.4f accuracy %.4f' % (loss, acc))

# the sequential model: Sequential branches, then Merge as a layer
branch1 = Sequential()
branch1.add(Dense(8, input_dim=6, activation='tanh'))
branch2 = Sequential()
branch2.add(Dense(8, input_dim=7, activation='tanh'))
merged = Sequential()
merged.add(Merge([branch1, branch2], mode='mul'))
merged.add(Dense(3, activation='softmax'))
merged.compile('adagrad', 'categorical_crossentropy', metrics=['accuracy'])
K.set_value(merged.optimizer.lr, 0.1)
merged.fit([acids[train], others[train]], Y[train], nb_epoch=60, batch_size=16, verbose=0)
loss, acc = merged.evaluate([acids[test], others[test]], Y[test], verbose=0)
print('merged: loss %.4f accuracy %.4f' % (loss, acc))
proba = merged.predict_proba([acids[test], others[test]], verbose=0)
print('probabilities %s, rows add up to %.4f' % (proba.shape, proba.sum(axis=1).mean()))
