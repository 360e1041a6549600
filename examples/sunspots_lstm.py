"""An LSTM that forecasts next year's sunspots, against the naive forecast.

    python examples/sunspots_lstm.py

The series is statsmodels' yearly mean sunspot number, 1700 to 2008. The naive forecast says that
next year will be like this one.
"""

import numpy as np
from statsmodels.datasets import sunspots

import torchkeras as keras
from torchkeras import layers

WINDOW = 22  # years that the model sees: two solar cycles
FIRST_TEST_YEAR = 1930

keras.utils.set_random_seed(0)

data = sunspots.load_pandas().data
years, spots = data["YEAR"].to_numpy(int), data["SUNACTIVITY"].to_numpy("float32")

# Scaled by what the training years know.
scale = spots[years < FIRST_TEST_YEAR].std()
windows = np.lib.stride_tricks.sliding_window_view(spots / scale, WINDOW + 1)
x, y = windows[:, :-1, None].copy(), windows[:, -1:].copy()
is_test = years[WINDOW:] >= FIRST_TEST_YEAR

inputs = keras.Input(shape=(WINDOW, 1))
h = layers.LSTM(32, return_sequences=True)(inputs)
h = layers.LSTM(32)(h)
h = layers.Dropout(0.1)(h)
change = layers.Dense(1)(h)
outputs = layers.Add()([inputs[:, -1], change])  # the LSTM forecasts the change from this year
model = keras.Model(inputs, outputs, name="sunspots")

model.compile(optimizer=keras.optimizers.Adam(5e-3, clipnorm=1.0), loss="mse", metrics=["mae"])
model.fit(
    x[~is_test],
    y[~is_test],
    batch_size=16,
    epochs=120,
    validation_split=0.15,
    verbose=0,
    callbacks=[
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=8),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=20, restore_best_weights=True),
    ],
)

truth = spots[WINDOW:][is_test]
forecast = model.predict(x[is_test], verbose=0)[:, 0] * scale
naive = spots[WINDOW - 1 : -1][is_test]

for year, was, said in list(zip(years[WINDOW:][is_test], truth, forecast, strict=True))[-5:]:
    print(f"{year}: {was:5.1f} sunspots, forecast {said:5.1f}")
model_mae, naive_mae = np.abs(forecast - truth).mean(), np.abs(naive - truth).mean()
print(f"mean absolute error, {FIRST_TEST_YEAR} to {years[-1]}: ", end="")
print(f"LSTM {model_mae:.2f}, naive forecast {naive_mae:.2f}")
print(f"the LSTM is {1 - model_mae / naive_mae:.0%} better")
