"""Builders of `.h5` files in the layouts of old Kerases, and what their layers compute.

The references are written from the layers' formulas on the file's own arrays, gate by gate, so
that they know nothing of how today's layers keep them.
"""

import io
import json

import h5py
import numpy as np
import torch
import torch.nn.functional as F


def rand(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, shape).astype("float32")


def fixed(names):
    """Names as h5py 2 stored them: bytes of one length."""
    return np.array([n.encode() for n in names]) if names else np.zeros((0,))


def write_layers(group, layers, version="1.2.2", backend=None):
    """Write `layers`: {name: [(weight name, array), …]}."""
    group.attrs["layer_names"] = fixed(list(layers))
    if version is not None:
        group.attrs["keras_version"] = version.encode()
    if backend is not None:
        group.attrs["backend"] = backend.encode()
    for name, weights in layers.items():
        inner = group.create_group(name)
        inner.attrs["weight_names"] = fixed([n for n, _ in weights])
        for weight, value in weights:
            inner.create_dataset(weight, data=value)


def model_file(config, layers, version="1.2.2", backend=None, training=None, optimizer=()):
    """Return the bytes of a file of a whole model."""
    out = io.BytesIO()
    with h5py.File(out, "w") as f:
        f.attrs["model_config"] = json.dumps(config).encode()
        if version is not None:
            f.attrs["keras_version"] = version.encode()
        if backend is not None:
            f.attrs["backend"] = backend.encode()
        write_layers(f.create_group("model_weights"), layers, version, backend)
        if training is not None:
            f.attrs["training_config"] = json.dumps(training).encode()
            group = f.create_group("optimizer_weights")
            group.attrs["weight_names"] = fixed([n for n, _ in optimizer])
            for name, value in optimizer:
                group.create_dataset(name, data=value)
    return out.getvalue()


def weights_file(layers, version="1.2.2", backend=None):
    """Return the bytes of a file of weights alone."""
    out = io.BytesIO()
    with h5py.File(out, "w") as f:
        write_layers(f, layers, version, backend)
    return out.getvalue()


def first_format(layers):
    """Return the bytes of a file from before Keras 1: a list of lists of arrays."""
    out = io.BytesIO()
    with h5py.File(out, "w") as f:
        f.attrs["nb_layers"] = len(layers)
        for i, weights in enumerate(layers):
            group = f.create_group(f"layer_{i}")
            group.attrs["nb_params"] = len(weights)
            for n, value in enumerate(weights):
                group.create_dataset(f"param_{n}", data=value)
    return out.getvalue()


def sequential(*layers):
    """Return the config of a Sequential model as Keras 1 wrote it: a bare list."""
    return {"class_name": "Sequential", "config": [entry(c, n, **k) for c, n, k in layers]}


def entry(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


# ------------------------------------------------------------------------------- references


def hard_sigmoid(x):
    """The old one: of slope 0.2."""
    return (0.2 * x + 0.5).clamp(0, 1)


def tensors(arrays):
    return [torch.as_tensor(a) for a in arrays]


def lstm(x, arrays, inner=hard_sigmoid, sequences=False, backwards=False):
    """Keras 1's LSTM on its twelve arrays: W, U, b of i, c, f, o."""
    w = tensors(arrays)
    x = torch.as_tensor(x)
    h = c = torch.zeros(len(x), w[1].shape[0])
    out = []
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        i, g, f, o = (x[:, t] @ w[3 * k] + h @ w[3 * k + 1] + w[3 * k + 2] for k in range(4))
        c = inner(f) * c + inner(i) * torch.tanh(g)
        h = inner(o) * torch.tanh(c)
        out.append(h)
    return torch.stack(out, 1) if sequences else h


def gru(x, arrays, inner=hard_sigmoid):
    """Keras 1's GRU on its nine arrays: W, U, b of z, r, h; the reset comes before U."""
    w = tensors(arrays)
    x = torch.as_tensor(x)
    h = torch.zeros(len(x), w[1].shape[0])
    for t in range(x.shape[1]):
        z = inner(x[:, t] @ w[0] + h @ w[1] + w[2])
        r = inner(x[:, t] @ w[3] + h @ w[4] + w[5])
        new = torch.tanh(x[:, t] @ w[6] + (r * h) @ w[7] + w[8])
        h = z * h + (1 - z) * new
    return h


def cudnn_lstm(x, kernel, recurrent, bias):
    """CuDNNLSTM on torch's own: cuDNN's matrices are (units, inputs), its gates i, f, c, o."""
    units = recurrent.shape[0]
    module = torch.nn.LSTM(x.shape[-1], units, batch_first=True)
    with torch.no_grad():
        for name, matrix in (("weight_ih_l0", kernel), ("weight_hh_l0", recurrent)):
            # what the layer keeps as columns of a gate are the rows of cuDNN, flat
            gates = np.split(matrix, 4, axis=1)
            if name == "weight_ih_l0":
                rows = [g.reshape(-1).reshape(units, -1) for g in gates]
            else:
                rows = gates
            getattr(module, name).copy_(torch.as_tensor(np.concatenate(rows)))
        first, second = np.split(bias, 2)
        module.bias_ih_l0.copy_(torch.as_tensor(first))
        module.bias_hh_l0.copy_(torch.as_tensor(second))
        return module(torch.as_tensor(x))[0][:, -1]


def conv_lstm(x, arrays, first):
    """Keras 1's ConvLSTM2D, border_mode "same", on its twelve arrays."""
    w = tensors(arrays)
    kernels = [k if first else k.permute(3, 2, 0, 1) for k in w if k.ndim == 4]
    biases = [b for b in w if b.ndim == 1]
    x = torch.as_tensor(x)
    x = x if first else x.permute(0, 1, 4, 2, 3)
    h = c = torch.zeros(len(x), len(biases[0]), *x.shape[-2:])

    def gate(k, t):
        a = F.conv2d(x[:, t], kernels[2 * k], biases[k], padding="same")
        return a + F.conv2d(h, kernels[2 * k + 1], padding="same")

    for t in range(x.shape[1]):
        i, g, f, o = (gate(k, t) for k in range(4))
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * torch.tanh(g)
        h = hard_sigmoid(o) * torch.tanh(c)
    return h if first else h.permute(0, 2, 3, 1)


def batch_norm(x, gamma, beta, mean, variance, epsilon=1e-3):
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta
