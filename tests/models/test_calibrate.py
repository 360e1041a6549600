"""GPTQ and AWQ of models against real Keras: numbers, data, structure, errors."""

import warnings

import keras
import numpy as np
import pytest
import torch
from calibration_samples import (
    TOKENS,
    build,
    config,
    decoded,
    even_table,
    fill_layers,
    numbers,
    quantized,
    uneven_table,
)

import torchkeras
from oracle import assert_close, check_weights, clear_names, normalise_config, rand, to_numpy

pytestmark = pytest.mark.usefixtures("no_collection")

BOTH = (torchkeras, keras)
IDS = rand(3, 5, low=0, high=TOKENS, dtype="int32")
# name -> (constructor, features of the input)
LAYERS = {
    "dense": (lambda L: L.Dense(7, activation="tanh", name="l"), 24),
    "dense_plain": (lambda L: L.Dense(6, use_bias=False, name="l"), 20),
    "einsum": (lambda L: L.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d", name="l"), 24),
    "einsum_heads": (
        lambda L: L.EinsumDense("abc,cde->abde", (None, 3, 5), bias_axes="de", name="l"),
        24,
    ),
}
SWEEP = [
    (bits, size, symmetric, order)
    for bits in (2, 3, 4, 8)
    for size in (-1, 8, 7, 100)
    for symmetric in (False, True)
    for order in (False, True)
]


def compare_numbers(ours, theirs, kernel, exact=True):
    """All variables are the same but for groups of inputs whose weights have all one sign.

    Real Keras lets their zero points run over a byte, or gives them too small a scale
    (symmetric, above zero), or fills them up with zeros (AWQ).
    """
    check_weights(ours, theirs)
    got, want = numbers(ours), numbers(theirs)
    assert np.array_equal(got[3], want[3])
    matrix = kernel.reshape(len(want[3]), -1).T
    groups = [matrix[:, want[3] == g] for g in range(want[1].shape[1])]
    above = np.stack([(g > 0).all(1) for g in groups], 1)
    if got[4] is not None or theirs.quantization_config.weight_bits == 8:
        above |= np.stack([(g < 0).all(1) for g in groups], 1)
    assert above.mean() < 0.3
    for a, b, name in zip(got[1:3], want[1:3], ("scale", "zero point"), strict=True):
        assert_close(a[~above], b[~above], 1e-6, 1e-7, name)
    same = ~above[:, want[3]]
    # A weight halfway between two numbers may go to either: none does, but for AWQ's scales, which
    # differ in their last digits.
    off = np.abs(got[0].astype(int) - want[0].astype(int))[same]
    assert off.max() <= (0 if exact else 1)
    assert (off > 0).mean() <= (0 if exact else 0.01)


@pytest.mark.parametrize("name", LAYERS)
def test_gptq_numbers(name):
    make, width = LAYERS[name]
    for bits, size, symmetric, order in SWEEP:
        options = {"weight_bits": bits, "group_size": size, "symmetric": symmetric}
        options["activation_order"] = order
        found = [quantized(lib, "gptq", [make], even_table(width), **options) for lib in BOTH]
        (ours, (a,)), (theirs, (b,)) = found
        compare_numbers(a, b, to_numpy(build(keras, [make], even_table(width))[1][0].kernel))
        assert normalise_config(a.get_config()) == normalise_config(b.get_config())
        assert a.dtype_policy.name == b.dtype_policy.name == f"gptq/{bits}/{size}_from_float32"
        for other in (ours, theirs):  # both decode the same variables to the same outputs
            other.get_layer("block0").get_layer("l").set_weights([to_numpy(w) for w in b.weights])
        assert_close(ours(IDS), theirs(IDS), 1e-5, 2e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_awq_numbers(name):
    make, width = LAYERS[name]
    for size in (-1, 8, 7, 100):
        found = [quantized(lib, "awq", [make], even_table(width), group_size=size) for lib in BOTH]
        (ours, (a,)), (theirs, (b,)) = found
        compare_numbers(a, b, to_numpy(build(keras, [make], even_table(width))[1][0].kernel))
        assert_close(a.awq_scales, b.awq_scales, 1e-6)
        assert normalise_config(a.get_config()) == normalise_config(b.get_config())
        assert a.dtype_policy.name == b.dtype_policy.name == f"awq/4/{size}_from_float32"
        scales = rand(*b.awq_scales.shape, low=0.5, high=2.0)
        for layer in (a, b):
            layer.set_weights([to_numpy(w) for w in b.weights])
            layer.awq_scales.assign(scales)
        assert_close(ours(IDS), theirs(IDS), 1e-5, 2e-6)


@pytest.fixture
def with_hooks(monkeypatch):
    """Let real Keras see the inputs that it sends through the layers for AWQ."""

    def quantized_call(self, *args, **kwargs):
        if "call" in self.__dict__:  # what gathers the inputs
            return self.call(*args, **kwargs)
        return original[type(self)](self, *args, **kwargs)

    original = {}
    for cls in (keras.layers.Dense, keras.layers.EinsumDense):
        original[cls] = cls.quantized_call
        monkeypatch.setattr(cls, "quantized_call", quantized_call)


@pytest.mark.parametrize("name", LAYERS)
def test_awq_scales(name, with_hooks):
    """The scales are a power of the inputs' sizes; the power is the better one here.

    Real Keras sums squares over the weights, not over the outputs.
    """
    make, width = LAYERS[name]
    for size in (-1, 8):
        for points in (1, 3, 20):
            table = uneven_table(width, seed=points)
            options = {"group_size": size, "num_grid_points": points}
            layers = [quantized(lib, "awq", [make], table, **options)[1][0] for lib in BOTH]
            powers = []
            for layer in layers:
                scales = to_numpy(layer.awq_scales)
                largest = np.abs(table).max(0)
                power = np.polyfit(np.log(largest), np.log(scales), 1)[0] * points
                powers.append(round(power))
                expected = largest ** (powers[-1] / points)
                expected /= np.sqrt(expected.max() * expected.min())
                assert_close(scales, expected, 1e-5)
            ours, theirs = (output_error(layer, make, table) for layer in layers)
            assert ours <= 1.0001 * theirs
            if powers[0] == powers[1]:
                kernel = to_numpy(build(keras, [make], table)[1][0].kernel)
                kernel = scales.reshape(-1, *[1] * (kernel.ndim - 1)) * kernel
                compare_numbers(*layers, kernel, exact=False)


def output_error(layer, make, table):
    """Return how far the outputs are from those of the float layer, in the mean."""
    kernel = to_numpy(build(keras, [make], table)[1][0].kernel)
    off = decoded(layer) - kernel.reshape(table.shape[1], -1).T
    return float(np.mean((table @ off.T) ** 2))


@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_gptq_is_better_than_rounding(name, order):
    """Real Keras rounds to the nearest number, as its Hessian has seen no inputs."""
    make, width = LAYERS[name]
    shares = []
    for bits in (2, 3, 4, 8):
        for size in (-1, 8):
            table = uneven_table(width)
            options = {"weight_bits": bits, "group_size": size, "activation_order": order}
            ours, theirs = (
                output_error(quantized(lib, "gptq", [make], table, **options)[1][0], make, table)
                for lib in BOTH
            )
            shares.append(ours / theirs)
    assert max(shares) < (0.3 if order else 0.7)
    assert np.mean(shares) < (0.1 if order else 0.5)


def attention(L, name):
    return L.MultiHeadAttention(2, 4, name=name)


def decoder(lib, table=None):
    """A model of two blocks with attention and dense layers, and a head that is a block too."""
    L = lib.layers
    table = uneven_table(16) / 4 if table is None else table
    clear_names()
    ids, lookup = lib.Input((None,), dtype="int32"), L.Embedding(*table.shape, name="table")
    x, blocks = lookup(ids), []
    for i in range(2):
        h = lib.Input((None, 16))
        a = L.LayerNormalization(name=f"n{i}")(h)
        a = L.Add()([h, attention(L, f"a{i}")(a, a, use_causal_mask=True)])
        b = L.Dense(24, "gelu", name=f"up{i}")(a)
        b = L.EinsumDense("abc,cd->abd", (None, 16), bias_axes="d", name=f"down{i}")(b)
        blocks.append(lib.Model(h, L.Add()([a, b]), name=f"block{i}"))
        x = blocks[-1](x)
    head = L.Dense(TOKENS, name="head")
    model = lib.Model(ids, head(x))
    fill_layers(model)
    lookup.set_weights([table])
    structure = {"pre_block_layers": [lookup], "sequential_blocks": [*blocks, head]}
    model.get_quantization_layer_structure = lambda mode: structure
    return model


def run(model, *args, **kwargs):
    """Quantize, without warnings of layers that cannot be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize(*args, **kwargs)


def quantize(model, mode, lib, **kwargs):
    run(model, mode, config=config(lib, mode, **kwargs))
    return model


def leaf_layers(model):
    """Return the layers that are quantized."""
    found = {"head": model.get_layer("head")}
    for i in range(2):
        layers = model.get_layer(f"block{i}")
        for name in (f"up{i}", f"down{i}"):
            found[name] = layers.get_layer(name)
        for part in ("query", "key", "value", "output"):
            found[f"{part}{i}"] = getattr(layers.get_layer(f"a{i}"), f"_{part}_dense")
    return found


@pytest.mark.parametrize("mode", ["gptq", "awq"])
def test_whole_models(mode):
    models = {lib: decoder(lib) for lib in BOTH}
    ids = rand(16, TOKENS, low=0, high=TOKENS, dtype="int32")
    before = to_numpy(models[keras](ids))
    assert_close(models[torchkeras](ids), before, 1e-5, 2e-6)
    for lib, model in models.items():
        quantize(model, mode, lib, group_size=-1)
    ours, theirs = (leaf_layers(models[lib]) for lib in BOTH)
    assert set(ours) == set(theirs) and len(ours) == 13
    for path, layer in theirs.items():
        assert (
            ours[path].dtype_policy.name == layer.dtype_policy.name == f"{mode}/4/-1_from_float32"
        )
        check_weights(ours[path], layer)
    off = {lib: np.std(to_numpy(m(ids)) - before) / np.std(before) for lib, m in models.items()}
    assert off[torchkeras] < (0.5 if mode == "gptq" else 0.9) * off[keras] < 0.2
    for path, layer in theirs.items():  # with Keras's numbers the outputs are Keras's
        ours[path].set_weights([to_numpy(w) for w in layer.weights])
    assert_close(models[torchkeras](IDS), models[keras](IDS), 1e-4, 2e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["gptq", "awq"])
def test_whole_models_in_files(mode, tmp_path):
    model = quantize(decoder(torchkeras), mode, torchkeras, group_size=8)
    model.save(tmp_path / "x.keras")
    for lib in BOTH:
        again = lib.models.load_model(tmp_path / "x.keras")
        assert_close(again(IDS), model(IDS), 1e-5, 2e-6)
        assert again.get_layer("block1").get_layer("a1")._query_dense.quantization_mode == mode
    kept = model.get_layer("head").quantization_config
    assert (kept.dataset, kept.tokenizer, kept.quantization_layer_structure) == (None, None, None)


# ------------------------------------------------------------------ data


def samples_of(lib, mode, dataset, tokenizer, count, length):
    """Return the tokens that reach the first block, one row for each sample."""
    seen = []

    class Seen(lib.layers.Layer):
        def call(self, x):
            if getattr(x, "device", None) is not None and x.device.type != "meta":
                seen.append(to_numpy(x))
            return lib.ops.one_hot(lib.ops.cast(x, "int32") % 8, 8)

    first, block = Seen(), lib.Sequential([lib.Input((None, 8)), lib.layers.Dense(8)])
    ids = lib.Input((None,), dtype="int32")
    model = lib.Model(ids, block(first(ids)))
    seen.clear()
    make = {"gptq": lib.quantizers.GPTQConfig, "awq": lib.quantizers.AWQConfig}[mode]
    structure = {"pre_block_layers": [first], "sequential_blocks": [block]}
    run(
        model,
        config=make(
            dataset,
            tokenizer,
            num_samples=count,
            sequence_length=length,
            quantization_layer_structure=structure,
        ),
    )
    assert {(x.shape, x.dtype.name) for x in seen} == {((1, length), "int32")}
    return np.concatenate(seen)


class Letters:
    def tokenize(self, text):
        return [ord(c) - 96 for c in text]


ROWS = np.arange(30).reshape(5, 6)
DATASETS = {
    "array": lambda: ROWS,
    "rows": lambda: [ROWS[:2], ROWS[2:]],
    "arrays": lambda: list(ROWS),
    "lists": lambda: ROWS.tolist(),
    "generator": lambda: (row for row in ROWS),
    "tensors": lambda: [torch.from_numpy(row) for row in ROWS],
    "floats": lambda: ROWS.astype("float32"),
    "texts": lambda: ["abcdef", "ghij", "klmnopq"],
    "texts_generator": lambda: (t for t in ("abcdef", "ghij", "klmnopq")),
    "few": lambda: [[1, 2, 3]],
}


@pytest.mark.parametrize("mode", ["gptq", "awq"])
@pytest.mark.parametrize("name", DATASETS)
def test_samples(name, mode):
    """The pieces are as far apart as real Keras's; it starts in another place in each process."""
    for count, length in ((1, 4), (3, 4), (4, 5), (3, 8), (7, 9)):
        ours, theirs = (
            samples_of(lib, mode, DATASETS[name](), Letters(), count, length) for lib in BOTH
        )
        assert ours.shape == theirs.shape == (count, length)
        tokens = np.concatenate(
            [np.ravel(Letters().tokenize(x) if isinstance(x, str) else x) for x in DATASETS[name]()]
        )
        everything = np.tile(tokens, max(1, -(-count * length // len(tokens))))
        pieces = np.lib.stride_tricks.sliding_window_view(everything, length)
        step = len(pieces) // count
        assert np.array_equal(ours, pieces[: step * count : step])
        starts = [k for k in range(len(pieces)) if np.array_equal(pieces[k], theirs[0])]
        order = [(k + step * np.arange(count)) % len(pieces) for k in starts]
        assert any(np.array_equal(pieces[k], theirs) for k in order)


def test_a_function_is_a_tokenizer():
    ours = samples_of(torchkeras, "gptq", ["abc", "defg"], Letters().tokenize, 2, 3)
    assert ours.tolist() == [[1, 2, 3], [3, 4, 5]]


# ------------------------------------------------------------------ structure and errors


def simple(lib):
    return build(lib, [lambda L: L.Dense(8, name="l"), lambda L: L.Dense(3, name="k")], TABLE)


TABLE = uneven_table(8)
WRONG_DATA = [
    (None, Letters(), ValueError),
    ([[1, 2]], None, ValueError),
    ([], Letters(), ValueError),
    ("abc", Letters(), TypeError),
    (3, Letters(), TypeError),
]


@pytest.mark.parametrize("mode", ["gptq", "awq"])
@pytest.mark.parametrize(("dataset", "tokenizer", "error"), WRONG_DATA)
def test_wrong_data(dataset, tokenizer, error, mode):
    for lib in BOTH:
        model, (layer, _) = simple(lib)
        make = {"gptq": lib.quantizers.GPTQConfig, "awq": lib.quantizers.AWQConfig}[mode]
        with pytest.raises(error, match="dataset"):
            run(model, mode, config=make(dataset, tokenizer))
        if lib is torchkeras:
            assert layer.dtype_policy.name == "float32" and layer.quantization_config is None


@pytest.mark.parametrize("mode", ["gptq", "awq"])
def test_wrong_structures(mode):
    for lib in BOTH:
        for wrong in (
            None,
            {"pre_block_layers": []},
            {"sequential_blocks": []},
            [1],
            {"sequential_blocks": 3},
        ):
            model, (layer, _) = simple(lib)
            model.get_quantization_layer_structure = lambda mode: None
            if wrong is None:
                expected = ValueError, "get_quantization_layer_structure"
            elif isinstance(wrong, dict) and wrong.get("sequential_blocks") != 3:
                expected = ValueError, "equential.blocks"
            else:
                expected = (TypeError, AttributeError), ""
            with pytest.raises(expected[0], match=expected[1]):
                quantize(model, mode, lib, quantization_layer_structure=wrong)
            if lib is torchkeras:
                assert layer.dtype_policy.name == "float32"
    for lib in BOTH:
        assert lib.Sequential().get_quantization_layer_structure("gptq") is None


@pytest.mark.parametrize("mode", ["gptq", "awq"])
def test_structures(mode):
    """A layer may be a block, the list of first layers may be missing or empty."""
    found = []
    for lib in BOTH:
        for form in range(3):
            model, layers = simple(lib)
            table, *blocks = (model.get_layer(n) for n in ("table", "block0", "block1"))
            structure = [
                {"sequential_blocks": [table, *blocks]},
                {"pre_block_layers": [], "sequential_blocks": (table, *layers), "more": 1},
                {"pre_block_layers": [table, blocks[0]], "sequential_blocks": [blocks[1]]},
            ][form]
            quantize(model, mode, lib, quantization_layer_structure=structure)
            if lib is torchkeras:
                found.append([x.quantization_mode == mode for x in layers])
            else:
                found.append([bool(getattr(x, f"is_{mode}_calibrated", False)) for x in layers])
    assert found[:3] == found[3:] == [[True, True], [True, True], [False, True]]


@pytest.mark.parametrize("mode", ["gptq", "awq"])
@pytest.mark.parametrize("filters", ["l", ["k"], "nothing", lambda layer: layer.name == "k"])
def test_filters(mode, filters):
    names = []
    for lib in BOTH:
        makers = [lambda L: L.Dense(8, name="l"), lambda L: L.Dense(3, name="k")]
        _, layers = quantized(lib, mode, makers, TABLE, filters)
        names.append([x.dtype_policy.name for x in layers])
    assert names[0] == names[1]


def test_what_stays():
    model, (first, second) = simple(torchkeras)
    before = model(IDS)
    structure = {"pre_block_layers": [model.get_layer("table")]}
    structure["sequential_blocks"] = [model.get_layer("block0")]
    with pytest.warns(UserWarning, match="'k' stays as it is: it is in none") as found:
        model.quantize(config=config(torchkeras, "gptq", quantization_layer_structure=structure))
    assert all(w.filename == __file__ for w in found)
    assert (first.quantization_mode, second.quantization_mode) == ("gptq", None)
    assert_close(model(IDS), before, 0.3, 0.3)
    with pytest.raises(ValueError, match="already quantized"):
        model.quantize(config=config(torchkeras, "gptq"))
    model, (layer,) = build(torchkeras, [LAYERS["dense"][0]], np.zeros((TOKENS, 24), "float32"))
    with pytest.warns(UserWarning, match="'l' stays as it is: no samples") as found:
        model.quantize(config=config(torchkeras, "awq"))
    assert all(w.filename == __file__ for w in found)
    assert layer.quantization_mode is None


def test_only_models_quantize():
    _, (layer, _) = simple(torchkeras)
    with pytest.raises(ValueError, match="call `quantize` of its model"):
        layer.quantize(config=config(torchkeras, "gptq"))
    assert layer.dtype_policy.name == "float32"


def test_kernels_that_share_an_axis_stay():
    L = torchkeras.layers
    ids = torchkeras.Input((TOKENS,), dtype="int32")
    table, layer = L.Embedding(TOKENS, 4), L.EinsumDense("abc,bcd->abd", (TOKENS, 3), name="l")
    model = torchkeras.Model(ids, layer(table(ids)))
    structure = {"sequential_blocks": [table, layer]}
    with pytest.warns(UserWarning, match="either inputs or outputs"):
        model.quantize(config=config(torchkeras, "gptq", quantization_layer_structure=structure))
    assert layer.quantization_mode is None


def test_not_finite():
    table = uneven_table(8)
    table[3, 2] = np.nan
    for mode in ("gptq", "awq"):
        model, (layer,) = build(torchkeras, [lambda L: L.Dense(3, name="l")], table)
        with pytest.raises(ValueError, match="not finite"):
            quantize(model, mode, torchkeras)
        assert layer.dtype_policy.name == "float32"


def test_training_mode_makes_no_difference():
    outputs = []
    for train in (False, True):
        makers = [lambda L: L.Dropout(0.5), lambda L: L.Dense(5, name="l")]
        model, _ = build(torchkeras, makers, uneven_table(8))
        model.train(train)
        quantize(model, "gptq", torchkeras)
        outputs.append(model(IDS, training=False))
        assert not model.get_layer("block1").get_layer("l")._forward_pre_hooks
    assert_close(*outputs)
