"""What a name that is not here is called in Keras or torch: the error for it."""

import difflib

import torch

from torchkeras import ops

# Names whose counterpart has another one; the rest is found by likeness.
_ELSEWHERE = {
    "Session": "plain Python: torch runs what it is told, at once",
    "placeholder": "keras.Input, or a plain argument",
    "global_variables_initializer": "nothing: variables have their values from the start",
    "estimator": "keras.Model",
    "feature_column": "keras.utils.FeatureSpace",
    "lite": 'model.export("m.onnx", format="onnx")',
    "tpu": "a torch device",
    "contrib": "torch",
    "RaggedTensor": "torch.nested, or padding with a mask",
    "ragged": "torch.nested, or padding with a mask",
    "sparse": "torch.sparse",
    "SparseTensor": "torch.sparse_coo_tensor",
    "TensorArray": "a Python list and tf.stack",
    "train": "keras.optimizers and keras.callbacks",
    "layers": "keras.layers",
    "losses": "keras.losses",
    "metrics": "keras.metrics",
    "initializers": "keras.initializers",
    "optimizers": "keras.optimizers",
    "strings": "Python's str methods, keras.layers.TextVectorization",
    "audio": "torchaudio",
    "autograph": "plain Python",
    "graph": "keras.callbacks.TensorBoard(write_graph=True)",
    "trace_export": "keras.callbacks.TensorBoard(write_graph=True)",
    "trace_off": "keras.callbacks.TensorBoard(write_graph=True)",
    "trace_on": "keras.callbacks.TensorBoard(write_graph=True)",
    "raw_ops": "torch",
}


def missing(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module of this shim has not."""
    known = _ELSEWHERE.get(name)
    if known is None:
        known = _nearest(name)
    hint = (
        f" Use {known} instead." if known else " torchkeras holds the part that Keras scripts use."
    )
    return AttributeError(f"{module}.{name} is not in torchkeras's tensorflow module.{hint}")


def _nearest(name: str) -> str:
    if hasattr(ops, name):
        return f"keras.ops.{name}"
    if hasattr(torch, name):
        return f"torch.{name}"
    short = name.removeprefix("reduce_")
    near = difflib.get_close_matches(short, dir(ops), n=1, cutoff=0.75)
    if near:
        return f"keras.ops.{near[0]}"
    near = difflib.get_close_matches(short, dir(torch), n=1, cutoff=0.75)
    return f"torch.{near[0]}" if near else ""
