"""Keras code and torch code in one program, in three ways.

python examples/torch_interop.py
"""

import torch
from sklearn.datasets import load_digits
from torch import nn

import torchkeras as keras
from torchkeras import layers

keras.utils.set_random_seed(0)
images, labels = load_digits(return_X_y=True)
order = torch.randperm(len(images))
x = torch.tensor(images.reshape(-1, 8, 8, 1) / 16, dtype=torch.float32)[order]
y = torch.tensor(labels)[order]
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]


# 1. A torch module is a layer of a Keras model: it is trained, counted and saved with it.
class Residual(nn.Module):
    """x + f(x), written for torch."""

    def __init__(self, width):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, x):
        return x + self.inner(x)


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten = layers.Flatten()
        self.block = Residual(64)
        self.head = layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.head(self.block(self.flatten(x)))


model = Classifier()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=8, verbose=0)
accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"1. nn.Module inside a Keras model: test accuracy {accuracy:.3f}")


# 2. A Keras model is an nn.Module: a torch training loop drives it.
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(10),
    ]
)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(x_train, y_train), batch_size=32, shuffle=True
)
for _ in range(10):
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
    schedule.step()
model.eval()
with torch.no_grad():
    accuracy = (model(x_test).argmax(-1) == y_test).float().mean().item()
print(f"2. Keras model in a torch loop: test accuracy {accuracy:.3f}, last loss {loss.item():.4f}")


# 3. Torch functions take symbolic tensors: they become nodes of a functional model.
inputs = keras.Input((8, 8, 1))
h = layers.Flatten()(inputs)
h = torch.cat([h, torch.square(h)], dim=-1)
h = nn.functional.gelu(layers.Dense(64)(h))
outputs = torch.softmax(layers.Dense(10)(h), dim=-1)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=8, verbose=0)
accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"3. torch functions on symbolic tensors: test accuracy {accuracy:.3f}")
