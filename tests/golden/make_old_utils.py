"""Record what `convert_dense_weights_data_format` of tf_keras does (needs tf_keras)."""

import json
from pathlib import Path

import numpy as np
import tf_keras
from tf_keras.src.utils.layer_utils import convert_dense_weights_data_format

found = []
for shape in ((2, 3, 4), (1, 2, 2), (3, 2, 2)):
    for target in ("channels_first", "channels_last"):
        dense = tf_keras.layers.Dense(2)
        dense.build((None, int(np.prod(shape))))
        kernel = np.arange(dense.kernel.shape[0] * 2, dtype="float32").reshape(-1, 2)
        dense.set_weights([kernel, np.array([5.0, 6.0])])
        convert_dense_weights_data_format(dense, shape, target)
        kernel, bias = dense.get_weights()
        found.append([shape, target, kernel.ravel().tolist(), bias.tolist()])
path = Path(__file__).with_name("old_utils.json")
path.write_text(json.dumps({"convert_dense_weights_data_format": found}) + "\n")
