"""A model for GPTQ and AWQ in both libraries: a table of tokens' vectors, and one layer or more."""

import warnings

import numpy as np

from oracle import clear_names, rand, to_numpy

TOKENS = 32


def even_table(width):
    """Vectors whose entries are as large as each other, and independent of each other.

    Real Keras 3.15 calls a layer without its hooks once it has the new policy, so that GPTQ and
    AWQ see no inputs and round to the nearest number. With these inputs that is the best one can
    do: there are no errors to make good and no inputs to favour.
    """
    signs = np.ones((1, 1))
    while len(signs) < max(TOKENS, width):
        signs = np.block([[signs, signs], [signs, -signs]])
    return signs[:TOKENS, :width].astype("float32")


def uneven_table(width, seed=0):
    """Vectors that depend on a few numbers, with some entries much larger than others."""
    few, mix = rand(TOKENS, 4, seed=seed), rand(4, width, seed=seed + 1)
    size = np.exp(3 * rand(width, seed=seed + 2))
    noise = 0.2 * rand(TOKENS, width, seed=seed + 3)
    return ((few @ mix + noise) * size).astype("float32")


def fill_layers(*layers):
    for i, layer in enumerate(layers):
        values = [to_numpy(w) for w in layer.weights]
        layer.set_weights([rand(*w.shape, seed=10 * i + j) for j, w in enumerate(values)])


def build(lib, makers, table):
    """Return the model, and what the configurations take; a maker is a function of `layers`."""
    clear_names()
    L = lib.layers
    ids, lookup = lib.Input((None,), dtype="int32"), L.Embedding(*table.shape, name="table")
    x, blocks, inside = lookup(ids), [], []
    for i, make in enumerate(makers):
        h = lib.Input((None, *x.shape[2:]))
        inside.append(make(L))
        blocks.append(lib.Model(h, inside[-1](h), name=f"block{i}"))
        x = blocks[-1](x)
    model = lib.Model(ids, x)
    fill_layers(*inside)
    lookup.set_weights([table])
    structure = {"pre_block_layers": [lookup], "sequential_blocks": blocks}
    model.get_quantization_layer_structure = lambda mode: structure
    return model, inside


def config(lib, mode, **kwargs):
    """Return a configuration whose only sample has each token once."""
    make = {"gptq": lib.quantizers.GPTQConfig, "awq": lib.quantizers.AWQConfig}[mode]
    options = {"num_samples": 1, "sequence_length": TOKENS, **kwargs}
    return make([np.arange(TOKENS)], str.split, **options)


def quantized(lib, mode, makers, table, filters=None, **kwargs):
    model, inside = build(lib, makers, table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize(mode, config=config(lib, mode, **kwargs), filters=filters)
    return model, inside


def numbers(layer):
    """Return numbers, scale, zero points, groups and AWQ's scales of a layer of either library."""
    found = {v.name: to_numpy(v) for v in layer.weights}
    scale = found["kernel_scale"]
    kernel = found["kernel"]
    if kernel.shape[0] != scale.shape[0] or layer.quantization_config.weight_bits == 4:
        kernel = np.stack([kernel & 15, kernel >> 4], 1).reshape(-1, kernel.shape[1])
        kernel = kernel[: scale.shape[0]]
    zero = found.get("kernel_zero", found.get("zero_point"))
    return kernel, scale, zero, np.floor(found["g_idx"]).astype(int), found.get("awq_scales")


def decoded(layer):
    """Return the matrix of floats that a layer's numbers stand for."""
    kernel, scale, zero, index, scales = numbers(layer)
    matrix = (kernel - zero.astype(float)[:, index]) * scale[:, index]
    return matrix if scales is None else matrix / scales
