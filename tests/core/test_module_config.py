"""Torch modules come back from configs: every class of torch.nn, and classes of the user's own."""

import copy
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

import torchkeras
from torchkeras._base import scope
from torchkeras._base.errors import ModelFileError, UnsafeModelError
from torchkeras.core import module_maker
from torchkeras.core.serialize import deserialize_keras_object, serialize_keras_object
from torchkeras.saving.allocation import Allocation

ENCODER = nn.TransformerEncoderLayer(8, 2, 16, 0.2, "gelu", 1e-4, True, True, False)
DECODER = nn.TransformerDecoderLayer(8, 4, 12, 0.0, F.silu, batch_first=True)

# class -> arguments, each unlike the default; the others are made as `OTHERS` says
GIVEN = {
    "Linear": [(3, 2), (3, 2, False)],
    "Bilinear": [(3, 2, 4), (3, 2, 4, False)],
    "Identity": [(), (3, "x")],
    "Conv1d": [(4, 8, 3), (4, 8, 3, 2, "valid", 2, 2, False, "circular")],
    "Conv2d": [(4, 8, 3), (4, 8, (3, 2), 1, "same", (2, 1), 4, False, "reflect")],
    "Conv3d": [(4, 8, 3), (4, 8, (3, 2, 1), 2, (1, 0, 1))],
    "ConvTranspose1d": [(4, 8, 3, 2, 1, 1, 2, False, 2)],
    "ConvTranspose2d": [(4, 8, 3, 2, 1, 1, 2, False, 2)],
    "ConvTranspose3d": [(4, 8, 3, 2, 1, 1, 2, False, 2)],
    "BatchNorm1d": [(4,), (4, 1e-3, None, False, False)],
    "BatchNorm2d": [(4,), (4, 1e-3, 0.2)],
    "BatchNorm3d": [(4,)],
    "SyncBatchNorm": [(4,)],
    "InstanceNorm1d": [(4,), (4, 1e-3, 0.2, True, True)],
    "InstanceNorm2d": [(4,)],
    "InstanceNorm3d": [(4,)],
    "LayerNorm": [(4,), ((3, 4), 1e-3, False), ((3, 4), 1e-3, True, False)],
    "RMSNorm": [(4,), ([3, 4], 1e-3, False)],
    "GroupNorm": [(2, 4), (2, 4, 1e-3, False)],
    "LocalResponseNorm": [(2, 1e-3, 0.5, 2.0)],
    "CrossMapLRN2d": [(2, 1e-3, 0.5, 2.0)],
    "RNN": [(3, 4), (3, 4, 2, "relu", False, True, 0.5, True)],
    "LSTM": [(3, 4), (3, 4, 2, False, True, 0.5, True, 2)],
    "GRU": [(3, 4), (3, 4, 2, False, True, 0.5, True)],
    "RNNBase": [("GRU", 3, 4)],
    "RNNCell": [(3, 4), (3, 4, False, "relu")],
    "RNNCellBase": [(3, 4, True, 2)],
    "LSTMCell": [(3, 4), (3, 4, False)],
    "GRUCell": [(3, 4), (3, 4, False)],
    "Embedding": [(5, 3), (5, 3, 1, 2.0, 1.0, True, True)],
    "EmbeddingBag": [(5, 3), (5, 3, 2.0, 1.0, True, "sum", False, None, True, 1)],
    "MultiheadAttention": [(8, 2), (8, 4, 0.1, False, True, True, 6, 4, True)],
    "TransformerEncoderLayer": [(8, 2), (8, 2, 16, 0.2, "gelu", 1e-4, True, True, False),
                                (8, 2, 16, 0.2, F.silu), (8, 2, 16, 0.2, nn.GELU("tanh"))],
    "TransformerDecoderLayer": [(8, 2), (8, 2, 16, 0.2, "gelu", 1e-4, True, True, False)],
    "TransformerEncoder": [(ENCODER, 3, nn.LayerNorm(8), False)],
    "TransformerDecoder": [(DECODER, 2, None)],
    "Transformer": [(8, 2, 1, 2, 16)],
    "Sequential": [(), (nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2)))],
    "ModuleList": [([nn.Linear(3, 4), nn.ReLU()],)],
    "ModuleDict": [({"z": nn.Linear(3, 4), "a": nn.ReLU()},)],
    "PReLU": [(), (4, 0.1)],
    "Threshold": [(0.1, 20.0, True)],
    "Softmax": [(), (1,)],
    "Flatten": [(), (0, 1)],
    "Unflatten": [(1, (2, 3))],
    "Upsample": [(8,), (None, 2.0, "bilinear", True)],
    "MaxPool2d": [(2,), ((2, 3), 1, 1, 1, True, True)],
    "AvgPool2d": [(2,), ((2, 3), 1, 1, True, False, 5)],
    "AdaptiveAvgPool2d": [((2, None),)],
    "FractionalMaxPool2d": [(2, 3), (2, None, 0.5)],
    "FractionalMaxPool3d": [(2, 3)],
    "MaxUnpool1d": [(2,)], "MaxUnpool2d": [(2,)], "MaxUnpool3d": [(2,)],
    "LPPool1d": [(2, 3)], "LPPool2d": [(2, 3)], "LPPool3d": [(2, 3)],
    "Fold": [((4, 5), 2, 1, 1, 2)], "Unfold": [(2, 1, 1, 2)],
    "PixelShuffle": [(2,)], "PixelUnshuffle": [(2,)], "ChannelShuffle": [(2,)],
    "UpsamplingNearest2d": [(8,)], "UpsamplingBilinear2d": [(None, 2)],
    "ConstantPad1d": [(1, 0.5)], "ConstantPad2d": [(1, 0.5)], "ConstantPad3d": [(1, 0.5)],
    "CrossEntropyLoss": [(), (None, None, -3, None, "sum", 0.1)],
    "NLLLoss2d": [()],
    "AdaptiveLogSoftmaxWithLoss": [(8, 20, [5, 10], 2.0, True)],
    "TripletMarginWithDistanceLoss": [()],
    "GaussianNLLLoss": [()],
    "Dropout": [(), (0.3, True)],
    "Hardtanh": [(-2.0, 3.0)],
    "ParameterList": [([torch.ones(3)],)],
    "ParameterDict": [({"a": torch.ones(3)},)],
}  # fmt: skip
# Classes whose arguments are values, or are not kept: these are refused, with the remedy.
REFUSED = {"ParameterList", "ParameterDict", "RNNCellBase", "LinearCrossEntropyLoss"}
OTHERS = [(), (1,), (1, 1)]


def cases():
    for name in sorted(module_maker.CLASSES):
        if name.startswith("Lazy") or name == "Container":
            continue
        for i, args in enumerate(GIVEN.get(name, [None])):
            yield pytest.param(name, args, id=f"{name}-{i}")


def made(name, args):
    cls = getattr(nn, name)
    for given in OTHERS if args is None else [args]:
        try:
            return cls(*copy.deepcopy(given))
        except TypeError:
            continue
    raise AssertionError(f"no arguments for {name}")


def back(module, **custom):
    config = json.loads(json.dumps(serialize_keras_object(module)))
    return deserialize_keras_object(config, custom_objects=custom)


def same(a, b):
    assert type(a) is type(b)
    assert repr(a.eval()) == repr(b.eval())
    one, two = a.state_dict(), b.state_dict()
    assert {k: (v.shape, v.dtype) for k, v in one.items()} == {
        k: (v.shape, v.dtype) for k, v in two.items()
    }
    assert [p.requires_grad for p in a.parameters()] == [p.requires_grad for p in b.parameters()]


@pytest.mark.parametrize(("name", "args"), list(cases()))
def test_every_class_of_torch(name, args):
    module = made(name, args)
    if name in REFUSED:
        with pytest.raises(TypeError, match=r"cannot be stored.*get_config\(\)"):
            serialize_keras_object(module)
        return
    again = back(module)
    same(module, again)
    assert not any(m.training for m in again.modules())


def test_numbers_are_equal():
    module = nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"), nn.BatchNorm2d(4), nn.Flatten(),
                           nn.Dropout(0.5), nn.Linear(64, 2)).eval()  # fmt: skip
    again = back(module)
    again.load_state_dict(module.state_dict())
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(again(x), module(x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_dtypes_are_kept(dtype):
    for module in (nn.Linear(3, 2, dtype=dtype), nn.Sequential(nn.LSTM(3, 2), nn.ReLU()).to(dtype)):
        same(module, back(module))
    mixed = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1).to(dtype))
    same(mixed, back(mixed))


def test_frozen_parameters_stay_frozen():
    module = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    module[0].requires_grad_(False)
    assert serialize_keras_object(module)["frozen"] == ["0.weight", "0.bias"]
    same(module, back(module))
    same(nn.Embedding.from_pretrained(torch.ones(3, 2)), back(nn.Embedding(3, 2, _freeze=True)))


# ------------------------------------------------------------------------------- own classes


class Block(nn.Module):
    def __init__(self, width, act=nn.ReLU, norm=None, function=F.relu, kernel=(3, 3), **options):
        super().__init__()
        self.width, self.act, self.norm, self.kernel = width, act, norm, kernel
        self.function = function
        self.conv = nn.Conv2d(3, width, kernel)
        self.after = act()

    def forward(self, x):
        x = self.after(self.function(self.conv(x)))
        return x if self.norm is None else self.norm(x)


def double(x):
    return 2 * x


class Private(nn.Module):
    def __init__(self, width):
        super().__init__()
        self._width = width
        self.linear = nn.Linear(width, 1)


class WithLayer(nn.Module):
    """A torch module that holds one of ours, which is built by its first call."""

    def __init__(self, units=2):
        super().__init__()
        self.units = units
        self.dense = torchkeras.layers.Dense(units)

    def forward(self, x):
        return self.dense(x)


class Computing(nn.Module):
    """Looks at values when it is made, which the meta device has not."""

    def __init__(self, n=3):
        super().__init__()
        self.n = n
        self.total = float(torch.arange(n).sum().item())
        self.linear = nn.Linear(n, int(self.total))


def test_arguments_of_own_classes():
    for module in (Block(4), Block(4, nn.GELU, nn.BatchNorm2d(4), torch.tanh, (1, 2)), Private(3)):
        same(module, back(module, Block=Block, Private=Private))
    again = back(Block(4, nn.SiLU, function=torch.sigmoid), Block=Block)
    assert again.act is nn.SiLU and again.function is torch.sigmoid
    torchkeras.saving.register_keras_serializable("test_module_config")(double)
    assert back(Block(2, function=double), Block=Block).function is double
    same(Computing(4), back(Computing(4), Computing=Computing))


def test_a_class_is_registered_without_get_config():
    @torchkeras.saving.register_keras_serializable("test_module_config")
    class Registered(Private):
        pass

    config = serialize_keras_object(Registered(2))
    assert config["registered_name"] == "test_module_config>Registered"
    same(Registered(2), back(Registered(2)))


def test_layers_within_modules_are_built():
    module = WithLayer(3)
    x = torch.randn(2, 5)
    want = module(x)
    again = back(module, WithLayer=WithLayer)
    again.load_state_dict(module.state_dict())
    torch.testing.assert_close(again(x), want)


def test_get_config_comes_first():
    class Own(nn.Module):
        def __init__(self, a):
            super().__init__()
            self.linear = nn.Linear(a + 1, 2).requires_grad_(False)

        def get_config(self):
            return {"a": self.linear.in_features - 1}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    again = back(Own(4), Own=Own)
    same(Own(4), again)
    assert not again.training


def refused():
    class Absent(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.linear = nn.Linear(width, 1)

    yield "no attribute", Absent(3), r"argument 'width'.*self\.width = width.*get_config"

    class Doubled(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.width = 2 * width
            self.linear = nn.Linear(width, 1)

    yield "another value", Doubled(3), r"makes another one: Doubled\.width would be 12, not 6"

    class Swapped(nn.Module):
        def __init__(self, n=1):
            super().__init__()
            self.n = n
            self.linear = nn.Linear(n, 1)

    changed = Swapped()
    changed.linear = nn.Conv1d(1, 1, 1)
    yield "a part replaced", changed, "linear would be a Linear, not a Conv1d"
    changed = Swapped()
    changed.linear = nn.Linear(7, 1)
    yield "a part resized", changed, "linear.in_features would be 1, not 7"
    changed = Swapped()
    changed.more = nn.ReLU()
    yield "a part added", changed, "more is only in one of them"
    changed = nn.Sequential(nn.Linear(3, 2))
    changed[0].register_parameter("scale", nn.Parameter(torch.ones(2)))
    yield "a parameter added", changed, r"0\.scale would be missing, not float32"
    yield "pruned", prune.l1_unstructured(nn.Linear(3, 2), "weight", 1), "weight_orig would be"
    normed = nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 2)))
    yield "parametrized", normed, "0 .* has parametrizations; .*remove_parametrizations"
    yield "lazy", nn.Sequential(nn.LazyLinear(2)), "0 .* has no shapes yet; call it on data"

    class Positional(nn.Module):
        def __init__(self, n, /):
            super().__init__()
            self.n = n

    yield "positional", Positional(1), "'n' cannot be given by name"

    class Takes(nn.Module):
        def __init__(self, weight):
            super().__init__()
            self.weight = nn.Parameter(weight)

    yield "parameter", Takes(torch.ones(2)), "argument 'weight' is a parameter"

    class Holds(nn.Module):
        def __init__(self, thing):
            super().__init__()
            self.thing = thing

    yield "object", Holds(object()), r"argument 'thing' \(object\): Cannot serialise"
    yield "lambda", Holds(lambda x: x), "argument 'thing'.*lambda"

    class Fails(nn.Module):
        def __init__(self, n=0):
            super().__init__()
            self.n = n
            if n:
                raise ValueError("never again")

    failing = Fails()
    failing.n = 1
    yield "raises", failing, r"Fails\(n=1\) raises ValueError: never again"


@pytest.mark.parametrize(
    ("module", "words"), [pytest.param(m, w, id=name) for name, m, w in refused()]
)
def test_what_cannot_be_recovered_is_an_error(module, words):
    with pytest.raises(TypeError, match=words) as caught:
        serialize_keras_object(module)
    assert "cannot be stored" in str(caught.value) and "save_weights" in str(caught.value)


def test_comparing_changes_nothing():
    module = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    before = torch.random.get_rng_state(), [p.detach().clone() for p in module.parameters()]
    serialize_keras_object(module)
    assert module.training and torch.equal(torch.random.get_rng_state(), before[0])
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), before[1], strict=True))


# ------------------------------------------------------------------------------- hostile configs


def config(name, _module="torch.nn", **arguments):
    return {"module": _module, "class_name": name, "config": arguments, "registered_name": None}


@pytest.mark.parametrize("name", ["Module", "functional", "Parameter", "nosuch", "DataParallel",
                                  "init", "_reduction", "__builtins__"])  # fmt: skip
def test_only_module_classes_of_torch(name):
    with pytest.raises(UnsafeModelError, match=r"no module class of torch\.nn"):
        deserialize_keras_object(config(name))


@pytest.mark.parametrize("module", ["torch", "torch.jit", "torch.nn.modules.linear", "os", None])
def test_no_other_module_is_looked_into(module):
    with pytest.raises(UnsafeModelError, match="could not locate class 'Linear'"):
        deserialize_keras_object(config("Linear", module, in_features=1, out_features=1))


@pytest.mark.parametrize("function", ["os.system", "torch.load", "torch.Tensor.apply_", "torch.jit",
                                      "torch.Tensor.__reduce__"])  # fmt: skip
def test_only_functions_on_tensors(function):
    activation = {"class_name": "torch.function", "config": function}
    with pytest.raises(UnsafeModelError, match="torch function"):
        deserialize_keras_object(
            config("TransformerEncoderLayer", d_model=4, nhead=2, activation=activation)
        )


def test_own_classes_are_asked_for_by_name():
    wanted = serialize_keras_object(Private(2))
    with pytest.raises(UnsafeModelError, match="custom_objects"):
        deserialize_keras_object(wanted)

    class Linear(nn.Module):
        pass

    assert type(back(nn.Linear(1, 1), Linear=Linear)) is nn.Linear


@pytest.mark.parametrize(
    "hostile",
    [
        config("Linear", in_features=2**31, out_features=2**31),
        config("Embedding", num_embeddings=10**15, embedding_dim=1),
        config("LSTM", input_size=10**9, hidden_size=10**9),
        config("LSTM", input_size=1, hidden_size=1, num_layers=10**9),
        config("Sequential", modules=[["0", config("Linear", in_features=2**40, out_features=9)]]),
        config("TransformerEncoder", encoder_layer=config("Identity"), num_layers=10**9),
        config(
            "TransformerEncoder",
            num_layers=1000,
            encoder_layer=config(
                "TransformerEncoder", num_layers=1000, encoder_layer=config("Identity")
            ),
        ),
        config(
            "TransformerEncoder",
            num_layers=999,
            encoder_layer=config("TransformerEncoderLayer", d_model=512, nhead=1),
        ),
    ],
    ids=range(8),
)
def test_what_a_file_may_ask_for_is_bounded(hostile):
    with (
        Allocation(1 << 20, weights_follow=True),
        pytest.raises(
            ModelFileError, match=r"asks for a weight|overflow|must be at most|of stacks"
        ),
    ):
        deserialize_keras_object(hostile)


def test_sizes_are_counted_once():
    module = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    size = sum(p.nbytes for p in module.parameters())
    config_ = serialize_keras_object(module)
    with Allocation(2 * size, weights_follow=True) as allocation:
        deserialize_keras_object(config_)
    assert size <= allocation.taken <= 2 * size
    assert scope.state.allocation is None


def test_malformed_configs():
    broken = serialize_keras_object(nn.Linear(2, 1))
    with pytest.raises(ModelFileError, match="no parameter 'x'"):
        deserialize_keras_object({**broken, "frozen": ["x"]})
    with pytest.raises(TypeError, match="could not be made from its config"):
        deserialize_keras_object(config("Linear", units=3))
    with pytest.raises(ModelFileError, match="must be a dict"):
        deserialize_keras_object({**broken, "config": [1]})


def test_a_compiled_torch_loss_is_stored():
    weight = torch.tensor([1.0, 2.0])
    model = torchkeras.Sequential([torchkeras.Input((3,)), torchkeras.layers.Dense(2)])
    model.compile("sgd", nn.CrossEntropyLoss(weight=weight, label_smoothing=0.1))
    again = torchkeras.Sequential.from_config(model.get_config())
    again.compile_from_config(json.loads(json.dumps(model.get_compile_config())))
    again.set_weights(model.get_weights())
    x, y = np.ones((4, 3), "float32"), np.array([0, 1, 1, 0])
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
