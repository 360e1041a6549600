"""Records the windows of real Keras's timeseries_dataset_from_array; it needs TensorFlow.

KERAS_BACKEND=tensorflow python tests/golden/make_timeseries.py
"""

import itertools
import json
from pathlib import Path

import keras
import numpy as np

DATA = np.arange(20)
AXES = {
    "sequence_length": [1, 3, 5, 20, 21],
    "sequence_stride": [1, 3],
    "sampling_rate": [1, 2],
    "batch_size": [4, None],
    "range": [(None, None), (4, None), (0, 12), (3, 15)],
    "targets": [None, 20, 7, 30],
}


def windows(make, case):
    """The batches of a case, as nested lists; `make` is the function, of either library."""
    case = dict(case)
    (start, end), length = case.pop("range"), case.pop("targets")
    targets = None if length is None else np.arange(length) * 10
    dataset = make(DATA, targets, start_index=start, end_index=end, **case)
    return [
        [np.asarray(part).tolist() for part in (b if isinstance(b, (tuple, list)) else [b])]
        for b in dataset
    ]


def main():
    records = []
    for values in itertools.product(*AXES.values()):
        case = dict(zip(AXES, values, strict=True))
        if case["targets"] == 7 and case["range"][0]:
            continue  # Keras reads beyond the targets
        records.append([case, windows(keras.utils.timeseries_dataset_from_array, case)])
    # A third of them is plenty.
    Path(__file__).with_name("timeseries.json").write_text(json.dumps(records[::3]))


if __name__ == "__main__":
    main()
