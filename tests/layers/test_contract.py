"""What every layer promises, each on its first case of the table `layer_cases.ROWS`."""

import copy
import inspect

import keras
import pytest
import torch
from layer_cases import ELSEWHERE, ROWS, cases, class_of
from layer_rows import convolution, core

import oracle
import torchkeras
from oracle import assert_close, check_layer, leaves, to_numpy, tree_map

POLICIES = ("mixed_float16", "mixed_bfloat16", "float64", "float16", "bfloat16")
NAMES = list(ROWS)
SAVED = [n for n in ROWS if ROWS[n].saves]


def first(name):
    return next(iter(cases(name, count=1)))


def made(name, lib=torchkeras, **extra):
    """The layer of the first case, built by a call."""
    case = first(name)
    oracle.clear_names()
    layer = getattr(lib.layers, class_of(name))(**case.arguments(lib), **extra)
    return layer, run(layer, case, case.mask)


def run(layer, case, mask=None, inputs=None):
    inputs = case.inputs if inputs is None else inputs
    return oracle._run(layer, inputs, case.call_kwargs or {}, mask, False, False)["outputs"]


def described(outputs):
    return [(tuple(o.shape), oracle.dtype_of(o)) for o in leaves(outputs) if o is not None]


def test_every_layer_has_a_row():
    public = {n for n in dir(keras.layers) if not n.startswith("_")}
    same = {id(getattr(keras.layers, class_of(n))) for n in ROWS}
    covered = {n for n in public if id(getattr(keras.layers, n)) in same} | set(ELSEWHERE)
    assert public - covered == set()


@pytest.mark.parametrize("name", NAMES)
def test_against_keras(name):
    row, case = ROWS[name], first(name)
    check_layer(
        class_of(name),
        case.arguments,
        case.inputs,
        training=False,
        mask=case.mask,
        call_kwargs=case.call_kwargs,
        grads=row.grads,
        rtol=row.rtol,
        atol=max(row.rtol / 10, row.noise),
        symbolic=row.symbolic,
        shapes=row.shapes,
        config=row.config,
        ignore_config=row.ignore_config,
    )


def kinds(config):
    """What a config is made of, without its values."""
    if isinstance(config, dict):
        return {k: kinds(v) for k, v in config.items()}
    if isinstance(config, (list, tuple)):
        return ("tuple" if isinstance(config, tuple) else "list", [kinds(v) for v in config])
    return None


@pytest.mark.parametrize("name", [*core.ROWS, *convolution.ROWS])
def test_configs_hold_tuples_where_keras_has_them(name):
    case = first(name)
    ours, theirs = (
        getattr(lib.layers, class_of(name))(**case.arguments(lib)) for lib in (torchkeras, keras)
    )
    if ROWS[name].config:
        assert kinds(ours.get_config()) == kinds(theirs.get_config())


# RandomCrop changes nothing outside of training, as in Keras; its symbol is that of training.
@pytest.mark.parametrize(
    "name",
    [n for n in NAMES if (ROWS[n].symbolic or n.startswith("Einsum")) and n != "RandomCrop"],
)
def test_shapes_from_symbols_are_those_of_data(name):
    case = first(name)
    layer, outputs = made(name)
    kwargs = {k: oracle._symbols(torchkeras, v) for k, v in (case.call_kwargs or {}).items()}
    symbols = layer(oracle._symbols(torchkeras, case.inputs), **kwargs)
    batch = leaves(case.inputs)[0].shape[0]
    shapes = [(tuple(batch if n is None else n for n in s.shape), s.dtype) for s in leaves(symbols)]
    assert shapes == described(outputs)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", [n for n in NAMES if ROWS[n].halves])
def test_dtype_under_each_policy(name, policy):
    """Outputs and weights have Keras's dtypes, where Keras's kernels run at all.

    It computes some float64 layers in float32: there the policy is what counts.
    """
    for lib in (torchkeras, keras):
        lib.config.set_dtype_policy(policy)
    try:
        theirs, outputs = made(name, keras)
    except (RuntimeError, TypeError, NotImplementedError):
        outputs = None
    try:
        layer, ours = made(name)
    except TypeError:
        assert outputs is None  # both refuse
        return
    if outputs is None or policy == "float64":
        floats = [o for o in leaves(ours) if o is not None and o.is_floating_point()]
        assert all(oracle.dtype_of(o) == layer.compute_dtype for o in floats)
    else:
        assert described(ours) == described(outputs)
        assert [oracle.dtype_of(v) for v in layer.weights] == [
            oracle.dtype_of(v) for v in theirs.weights
        ]


def model_of(lib, name):
    """A functional model of the layer alone."""
    case = first(name)
    oracle.clear_names()
    layer = getattr(lib.layers, class_of(name))(**case.arguments(lib))
    inputs = oracle._symbols(lib, case.inputs)
    kwargs = {k: oracle._symbols(lib, v) for k, v in (case.call_kwargs or {}).items()}
    entries = [t for t in leaves([inputs, list(kwargs.values())]) if hasattr(t, "_keras_history")]
    data = [a for a in leaves([case.inputs, list((case.call_kwargs or {}).values())])]
    data = [a for a in data if oracle.is_array(a)]
    return lib.Model(entries, layer(inputs, **kwargs)), data


@pytest.mark.parametrize("name", SAVED)
def test_files_both_ways(name, tmp_path, record_property):
    """Real Keras loads our `.keras` file, and we load Keras's: same weights, same outputs.

    tests/saving/test_exchange_layers.py does it for every kind of file.
    """
    with oracle.compared() as seen:
        for source, target in ((torchkeras, keras), (keras, torchkeras)):
            model, data = model_of(source, name)
            path = str(tmp_path / f"{source.__name__}.keras")
            model.save(path)
            again = target.saving.load_model(path)
            assert_close(again.get_weights(), model.get_weights(), 0, 0, "weights")
            call = data[0] if len(data) == 1 else data
            ours, theirs = (
                [to_numpy(t) for t in leaves(m.predict(call, verbose=0))] for m in (again, model)
            )
            row = ROWS[name]
            assert_close(ours, theirs, row.rtol, max(row.rtol / 10, row.noise), "outputs")
    figure = {"subject": "files", "name": name, "cases": 2, "worst": seen.worst}
    record_property("compared", figure)


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_and_deepcopy(name):
    case = first(name)
    layer, outputs = made(name)
    twin = copy.deepcopy(layer)
    assert_close(run(twin, case, case.mask), outputs, 0, 0, "a copy's outputs")
    assert [v.path for v in twin.weights] == [v.path for v in layer.weights]
    for a, b in zip(twin.weights, layer.weights, strict=True):
        assert a is not b
        assert a.numel() == 0 or a.data_ptr() != b.data_ptr()

    other, _ = made(name)
    with torch.no_grad():
        for w in other.state_dict().values():
            if torch.is_floating_point(w):
                w.add_(1.0)
    missing, unexpected = other.load_state_dict(layer.state_dict())
    assert not missing
    assert not unexpected
    assert_close(run(other, case, case.mask), outputs, 0, 0, "outputs after load_state_dict")


@pytest.mark.parametrize("name", [n for n in NAMES if ROWS[n].compiles])
def test_torch_compile(name):
    """One graph without breaks; its outputs and gradients are the layer's."""
    case = first(name)
    layer, _ = made(name)
    compiled = torch.compile(layer, fullgraph=True, backend="eager", dynamic=False)
    kwargs = tree_map(
        lambda a: torch.tensor(a) if oracle.is_array(a) else a, case.call_kwargs or {}
    )
    with torch._dynamo.config.patch(recompile_limit=64):
        for f in (compiled, layer):
            x = tree_map(oracle._leaf(ROWS[name].grads), case.inputs)
            outputs = f(x, training=False, **kwargs)
            scalar = oracle._scalar(outputs, []) if ROWS[name].grads else None
            found = [outputs, oracle._grads(scalar, leaves(x) + list(layer.parameters()))]
            if f is compiled:
                first_found = found
    assert_close(first_found, found, 1e-6, 1e-6, "compiled")
    torch._dynamo.reset()


COMMON = {"self", "args", "kwargs"}
ADAPTERS = {"lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size"}
# Arguments that the layers' own tests compare with Keras, as they need more than one call.
DRAWING = {"dropout", "recurrent_dropout", "seed"}
OWN_TESTS = {
    **dict.fromkeys(("SimpleRNNCell", "LSTMCell", "GRUCell"), DRAWING),
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU"), DRAWING | {"stateful"}),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), DRAWING | {"stateful"}),
    "RNN": {"stateful"},
    "Bidirectional": {"backward_layer", "weights"},
    "Embedding": {"weights"},
    "BatchNormalization": {"renorm", "renorm_clipping", "renorm_momentum"},
    "LayerNormalization": {"rms_scaling"},
    "Discretization": {"num_bins"},
}


@pytest.mark.parametrize("name", sorted({class_of(n) for n in NAMES}))
def test_rows_vary_each_argument(name):
    arguments = set(inspect.signature(getattr(torchkeras.layers, name).__init__).parameters)
    varied = set().union(*(ROWS[n].options for n in ROWS if class_of(n) == name))
    assert arguments - varied - COMMON - ADAPTERS == OWN_TESTS.get(name, set())
