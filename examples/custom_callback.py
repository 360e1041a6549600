"""The classic LossHistory: a callback that keeps the loss after every batch.

python examples/custom_callback.py
"""

from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

import torchkeras as keras
from torchkeras import layers


class LossHistory(keras.callbacks.Callback):
    """Keeps the epoch's loss so far after each batch, and says how each epoch went."""

    def on_train_begin(self, logs=None):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs.get("loss"))

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        print(
            f"epoch {epoch + 1} of {self.params['epochs']}: loss {logs['loss']:.4f}, "
            f"validation accuracy {logs['val_accuracy']:.4f}, learning rate {rate:.4f}"
        )


class StopWhenGoodEnough(keras.callbacks.Callback):
    """Stops the training when the validation accuracy reaches a goal."""

    def __init__(self, goal):
        super().__init__()
        self.goal = goal

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_accuracy"] >= self.goal:
            print(f"reached {self.goal:.0%}: stopping")
            self.model.stop_training = True


keras.utils.set_random_seed(0)
x, y = load_breast_cancer(return_X_y=True)  # 569 tumours, 30 measurements each
x = StandardScaler().fit_transform(x).astype("float32")

model = keras.Sequential(
    [
        keras.Input(shape=(30,)),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

history = LossHistory()
halve_every_5 = keras.callbacks.LearningRateScheduler(
    lambda epoch, rate: rate / 2 if epoch and epoch % 5 == 0 else rate
)
model.fit(
    x,
    y,
    batch_size=32,
    epochs=20,
    validation_split=0.2,
    verbose=0,
    callbacks=[history, halve_every_5, StopWhenGoodEnough(0.98)],
)
print(f"{len(history.losses)} batch losses: first {history.losses[0]:.4f}, ", end="")
print(f"last {history.losses[-1]:.4f}")
