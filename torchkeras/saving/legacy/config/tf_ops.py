"""Functions of TensorFlow in functional models of tf.keras: to ops, by a closed table."""

from collections.abc import Callable
from typing import Any, NamedTuple

from torchkeras.saving.legacy.config.common import as_dict, below, made, refuse

CLASSES = frozenset({"TFOpLambda", "SlicingOpLambda"})

NUMPY, NN, CORE, MATH = (f"keras.src.ops.{m}" for m in ("numpy", "nn", "core", "math"))


class _Op(NamedTuple):
    """An op: its class, TensorFlow's names of its further tensors, and of its options."""

    module: str
    name: str
    tensors: tuple[str, ...] = ()
    options: dict[str, str] = {}  # noqa: RUF012  # TensorFlow's name -> Keras's
    fixed: dict[str, Any] = {}  # noqa: RUF012
    ignored: dict[str, tuple[Any, ...]] = {}  # noqa: RUF012  # name -> values without a meaning
    change: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # of the options' values


def _binary(name: str, module: str = NUMPY) -> _Op:
    return _Op(module, name, ("y",))


def _reduce(name: str, module: str = NUMPY) -> _Op:
    options = {"axis": "axis", "keepdims": "keepdims"}
    return _Op(module, name, (), options, {"axis": None, "keepdims": False})


def _same(*names: str) -> dict[str, str]:
    return {n: n for n in names}


def _sizes(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a split; sizes become the places where it cuts."""
    parts = options.get("indices_or_sections")
    if isinstance(parts, list):
        ends, total = [], 0
        for size in parts[:-1]:
            total += size
            ends.append(total)
        options["indices_or_sections"] = ends
    return options


def _norm(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a normalisation; TensorFlow bounds the square of the norm."""
    return {**options, "epsilon": float(options.get("epsilon", 1e-12)) ** 0.5}


def _mode(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "mode": str(options.get("mode", "constant")).lower()}


def _unary(module: str, *pairs: str) -> dict[str, _Op]:
    """Return rows `"tf name=Class"`."""
    return {p.partition("=")[0]: _Op(module, p.partition("=")[2]) for p in pairs}


_AXIS = _same("axis")
_MATMUL = {n: (False, None) for n in ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b")}

# TensorFlow's name, without "tf." -> the op.
OPS: dict[str, _Op] = {
    **{
        f"{prefix}{tf}": _binary(name)
        for prefix in ("math.", "__operators__.", "")
        for tf, name in {
            "add": "Add", "add_v2": "Add", "subtract": "Subtract", "sub": "Subtract",
            "multiply": "Multiply", "mul": "Multiply", "truediv": "TrueDivide",
            "divide": "TrueDivide", "div": "TrueDivide", "realdiv": "TrueDivide",
            "floordiv": "FloorDivide", "floor_div": "FloorDivide", "floormod": "Mod",
            "mod": "Mod", "pow": "Power",
            "maximum": "Maximum", "minimum": "Minimum", "greater": "Greater",
            "greater_equal": "GreaterEqual", "less": "Less", "less_equal": "LessEqual",
            "equal": "Equal", "not_equal": "NotEqual", "logical_and": "LogicalAnd",
            "logical_or": "LogicalOr", "logical_xor": "LogicalXor", "atan2": "Arctan2",
        }.items()
    },
    **{
        f"{prefix}{tf}": _reduce(name, module)
        for prefix in ("math.", "")
        for tf, (name, module) in {
            "reduce_sum": ("Sum", NUMPY), "reduce_mean": ("Mean", NUMPY),
            "reduce_max": ("Max", NUMPY), "reduce_min": ("Min", NUMPY),
            "reduce_prod": ("Prod", NUMPY), "reduce_std": ("Std", NUMPY),
            "reduce_variance": ("Var", NUMPY), "reduce_all": ("All", NUMPY),
            "reduce_any": ("Any", NUMPY), "reduce_logsumexp": ("Logsumexp", MATH),
        }.items()
    },
    **{
        f"{prefix}{tf}": op
        for prefix in ("math.", "")
        for tf, op in {
            **_unary(
                NUMPY, "abs=Absolute", "negative=Negative", "exp=Exp", "log=Log", "sqrt=Sqrt",
                "square=Square", "sin=Sin", "cos=Cos", "tan=Tan", "asin=Arcsin", "acos=Arccos",
                "atan=Arctan", "sinh=Sinh", "cosh=Cosh", "tanh=Tanh", "sign=Sign", "floor=Floor",
                "ceil=Ceil", "reciprocal=Reciprocal", "log1p=Log1p", "expm1=Expm1",
                "is_nan=Isnan", "is_finite=Isfinite", "is_inf=Isinf", "logical_not=LogicalNot",
            ),
            **_unary(MATH, "rsqrt=Rsqrt", "erf=Erf"),
            **_unary(NN, "sigmoid=Sigmoid", "softplus=Softplus", "softsign=Softsign"),
            "round": _Op(NUMPY, "Round", fixed={"decimals": 0}),
            "cumsum": _Op(
                NUMPY, "Cumsum", (), _AXIS, {"axis": 0},
                {"exclusive": (False, None), "reverse": (False, None)},
            ),
            "argmax": _Op(NUMPY, "Argmax", (), _AXIS, {"axis": 0}, {"output_type": ("int64",)}),
            "argmin": _Op(NUMPY, "Argmin", (), _AXIS, {"axis": 0}, {"output_type": ("int64",)}),
            "l2_normalize": _Op(
                NN, "Normalize", (), _same("axis", "epsilon"), {"order": 2}, change=_norm
            ),
        }.items()
    },
    **{
        f"nn.{tf}": op
        for tf, op in {
            **_unary(
                NN, "relu=Relu", "relu6=Relu6", "selu=Selu", "silu=Silu", "swish=Silu",
                "sigmoid=Sigmoid", "softplus=Softplus", "softsign=Softsign",
                "log_sigmoid=LogSigmoid",
            ),
            "tanh": _Op(NUMPY, "Tanh"),
            "elu": _Op(NN, "Elu", fixed={"alpha": 1.0}),
            "gelu": _Op(NN, "Gelu", (), _same("approximate"), {"approximate": False}),
            "leaky_relu": _Op(
                NN, "LeakyRelu", (), {"alpha": "negative_slope"}, {"negative_slope": 0.2}
            ),
            "softmax": _Op(NN, "Softmax", (), _AXIS, {"axis": -1}),
            "log_softmax": _Op(NN, "LogSoftmax", (), _AXIS, {"axis": -1}),
            "l2_normalize": _Op(
                NN, "Normalize", (), _same("axis", "epsilon"), {"order": 2}, change=_norm
            ),
        }.items()
    },
    "linalg.matmul": _Op(NUMPY, "Matmul", ("b",), {}, {}, _MATMUL | {"output_type": (None,)}),
    "matmul": _Op(NUMPY, "Matmul", ("b",), {}, {}, _MATMUL | {"output_type": (None,)}),
    "concat": _Op(NUMPY, "Concatenate", (), _AXIS),
    "stack": _Op(NUMPY, "Stack", (), _AXIS, {"axis": 0}),
    "reshape": _Op(NUMPY, "Reshape", (), {"shape": "newshape"}),
    "transpose": _Op(
        NUMPY, "Transpose", (), {"perm": "axes"}, {"axes": None}, {"conjugate": (False,)}
    ),
    "expand_dims": _Op(NUMPY, "ExpandDims", (), _AXIS),
    "squeeze": _Op(NUMPY, "Squeeze", (), _AXIS, {"axis": None}),
    "cast": _Op(CORE, "Cast", (), _same("dtype")),
    "clip_by_value": _Op(
        NUMPY, "Clip", (), {"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
    "tile": _Op(NUMPY, "Tile", (), {"multiples": "repeats"}),
    "repeat": _Op(NUMPY, "Repeat", (), _same("repeats", "axis"), {"axis": None}),
    "reverse": _Op(NUMPY, "Flip", (), _AXIS),
    "split": _Op(
        NUMPY, "Split", (), {"num_or_size_splits": "indices_or_sections", "axis": "axis"},
        {"axis": 0}, {"num": (None,)}, _sizes,
    ),
    "where": _Op(NUMPY, "Where", ("x", "y")),
    "gather": _Op(
        NUMPY, "Take", ("indices",), _AXIS, {"axis": 0},
        {"batch_dims": (0, None), "validate_indices": (None,)},
    ),
    "one_hot": _Op(
        NN, "OneHot", (), {"depth": "num_classes", "axis": "axis", "dtype": "dtype"},
        {"axis": -1, "dtype": "float32", "sparse": False},
        {"on_value": (None, 1), "off_value": (None, 0)},
    ),
    "pad": _Op(
        NUMPY, "Pad", ("constant_values",), {"paddings": "pad_width", "mode": "mode"},
        {"mode": "constant"}, change=_mode,
    ),
    "stop_gradient": _Op(CORE, "StopGradient"),
    "identity": _Op("keras.layers", "Identity"),
    "zeros_like": _Op(NUMPY, "ZerosLike", (), _same("dtype"), {"dtype": None}),
    "ones_like": _Op(NUMPY, "OnesLike", (), _same("dtype"), {"dtype": None}),
}  # fmt: skip
_NEVER_READ = {"name": None, "input": None}
_NOTHING = object()


def operation(
    entry: dict[str, Any], calls: list[tuple[Any, dict[str, Any]]], name: str, at: str
) -> dict[str, Any]:
    """Return the entry of the op that a function of TensorFlow is.

    Args:
        entry: The layer as it stands in the old config.
        calls: Inputs and keywords of each of its calls.
        name: Its name.
        at: Its place, for messages.

    Raises:
        ModelFileError: for a function, or arguments, without such an op.
    """
    inner = as_dict(entry.get("config"), "config", below(at, "config"))
    if entry["class_name"] == "SlicingOpLambda":
        return _slicing(calls, name, at)
    function = inner.get("function")
    if not isinstance(function, str):
        raise refuse("function must be a name.", below(at, "config.function"))
    op = OPS.get(function.removeprefix("compat.v1."))
    if op is None:
        raise refuse(
            f"the function tf.{function} has no op here. Put it into a layer of your own, or "
            "save the model again with keras.ops in its place.",
            below(at, "config.function"),
        )
    options: dict[str, Any] | None = None
    nodes = []
    for inputs, keywords in calls:
        node, own = _call(op, inputs, dict(keywords), function, at)
        if options is not None and own != options:
            raise refuse(f"calls of tf.{function} with different arguments.", at)
        options = own
        nodes.append(node)
    config = {"name": name, **op.fixed, **(options or {})}
    config = op.change(config) if op.change else config
    registered = None if op.module == "keras.layers" else op.name
    return {**made(op.module, op.name, config, registered), "inbound_nodes": nodes}


def _call(
    op: _Op, inputs: Any, keywords: dict[str, Any], function: str, at: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one call, and its options."""
    keywords.pop("name", None)
    args = [inputs]
    for tensor in op.tensors:
        value = keywords.pop(tensor, _NOTHING)
        if value is not _NOTHING:
            args.append(value)
    options = {op.options[k]: keywords.pop(k) for k in list(keywords) if k in op.options}
    for key, allowed in op.ignored.items():
        value = keywords.pop(key, _NOTHING)
        if value is not _NOTHING and not any(value == a for a in allowed):
            raise refuse(f"tf.{function} with {key}={value!r} has no op here.", at)
    if keywords:
        raise refuse(f"tf.{function} has no op with the arguments {sorted(keywords)} here.", at)
    call: dict[str, Any] = {"args": args, "kwargs": {}}
    if op.name == "Pad":
        call = {"args": args[:1], "kwargs": {"constant_values": None if args[1:] in ([], [0]) else
                                             args[1]}}  # fmt: skip
    return call, options


def _slicing(calls: list[tuple[Any, dict[str, Any]]], name: str, at: str) -> dict[str, Any]:
    nodes = []
    for inputs, keywords in calls:
        spec = keywords.get("slice_spec")
        key = [_index(k) for k in spec] if isinstance(spec, list) else _index(spec)
        nodes.append({"args": [inputs, key], "kwargs": {}})
    return {**made(NUMPY, "GetItem", {"name": name}, "GetItem"), "inbound_nodes": nodes}


def _index(key: Any) -> Any:
    if isinstance(key, dict) and set(key) == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": key}
    return key
