"""A training loop of one's own with tf.data and GradientTape, in the style of tf.keras 2."""
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow.keras import layers

tf.random.set_seed(5)
np.random.seed(5)

digits = load_digits()
images = digits.images[..., np.newaxis].astype("float32")
labels = digits.target.astype("int64")
order = np.random.permutation(len(labels))
images, labels = images[order], labels[order]


def scale(image, label):
    return tf.cast(image, tf.float32) / 16.0, label


train = (tf.data.Dataset.from_tensor_slices((images[:1440], labels[:1440]))
         .map(scale, num_parallel_calls=tf.data.AUTOTUNE)
         .cache()
         .shuffle(1440, seed=5)
         .batch(64)
         .prefetch(tf.data.AUTOTUNE))
test = tf.data.Dataset.from_tensor_slices((images[1440:], labels[1440:])).map(scale).batch(64)
print("batches:", len(train), "and", len(test))


class Net(tf.keras.Model):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = layers.Conv2D(32, 3, activation="relu")
        self.flatten = layers.Flatten()
        self.hidden = layers.Dense(64, activation="relu")
        self.dropout = layers.Dropout(0.2)
        self.head = layers.Dense(10)

    def call(self, x, training=False):
        x = self.hidden(self.flatten(self.conv(x)))
        return self.head(self.dropout(x, training=training))


model = Net()
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(1e-3)
train_loss = tf.keras.metrics.Mean(name="train_loss")
train_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
test_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        loss = loss_object(y, predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    train_loss(loss)
    train_accuracy(y, predictions)


@tf.function
def test_step(x, y):
    test_accuracy.update_state(y, model(x, training=False))


for epoch in range(6):
    train_loss.reset_states()
    train_accuracy.reset_states()
    test_accuracy.reset_states()
    for x, y in train:
        train_step(x, y)
    for x, y in test:
        test_step(x, y)
    print(f"Epoch {epoch + 1}, Loss: {train_loss.result():.4f}, "
          f"Accuracy: {train_accuracy.result() * 100:.2f}, "
          f"Test Accuracy: {test_accuracy.result() * 100:.2f}")

print("steps:", int(optimizer.iterations))
x, y = next(iter(test))
x = tf.Variable(x)
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    score = tf.reduce_sum(tf.reduce_max(model(x), axis=1))
saliency = tf.reduce_max(tf.abs(tape.gradient(score, x)), axis=-1)
print("saliency:", tuple(saliency.shape), "positive:", bool(tf.reduce_any(saliency > 0)))
