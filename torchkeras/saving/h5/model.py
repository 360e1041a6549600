"""The `.h5` file of whole models: Keras 3 reads what is written, all Kerases' files are read."""

from typing import Any

from torchkeras._base.files import atomic_writer, make_folder_of, open_regular
from torchkeras._base.region import Region
from torchkeras.core import serialize
from torchkeras.saving import text, weights
from torchkeras.saving.allocation import Allocation
from torchkeras.saving.converted import ConvertedSource
from torchkeras.saving.format import LoadOptions, SaveOptions
from torchkeras.saving.h5 import assets as h5_assets
from torchkeras.saving.h5 import config as h5_config
from torchkeras.saving.h5 import optimizer as h5_optimizer
from torchkeras.saving.h5 import weights as h5_weights
from torchkeras.saving.h5.layout import (
    MODEL,
    OPTIMIZER,
    find_root,
    read_group,
    read_layout,
    read_version,
)
from torchkeras.saving.h5.reader import CHECKSUM, H5Reader
from torchkeras.saving.h5.writer import (
    KERAS_VERSION,
    LegacySink,
    texts_checksum,
    write_optimizer,
    write_weights,
)
from torchkeras.saving.legacy.config import modernize
from torchkeras.saving.legacy.training_config import compile_arguments, training_config
from torchkeras.saving.safety import ModelFileError

CONFIG, TRAINING = "model_config", "training_config"
_TEXTS = ("backend", "keras_version", CONFIG, TRAINING)
_SLOTS = 4  # how many times the weights' size an optimizer may take that the file has no state of


# ------------------------------------------------------------------------------- writing


def save_model(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model to an `.h5` file, which takes the place of the old one only when complete."""
    texts = {"backend": "torch", "keras_version": KERAS_VERSION}
    texts[CONFIG] = text.dump_json(h5_config.model_config(model), CONFIG).decode()
    training = training_config(model) if options.include_optimizer else None
    if training is not None:
        texts[TRAINING] = text.dump_json(training, TRAINING).decode()
    make_folder_of(path)
    with atomic_writer(path) as out, LegacySink(checksums=True, out=Region(out)) as sink:
        sink.write_texts("", texts)
        write_weights(sink, MODEL, model)
        if training is not None and model.optimizer is not None:
            write_optimizer(sink, model.optimizer)
        h5_assets.write(sink, model)
        sink.close()


def save_weights(model: Any, path: str, options: SaveOptions) -> None:
    """Write a model's weights to an `.h5` file, as Keras 2 did."""
    with atomic_writer(path) as out, LegacySink(checksums=True, out=Region(out)) as sink:
        write_weights(sink, "", model)
        sink.close()


# ------------------------------------------------------------------------------- reading


def load_model(path: str, options: LoadOptions) -> Any:
    """Return the model of an `.h5` file."""
    limits = options.limits
    with open_regular(path) as file, H5Reader(file, path, limits=limits) as reader:
        raw = reader.attributes.text("", CONFIG)
        root = find_root(reader)
        if raw is None or root is None:
            raise ModelFileError(_no_model(raw, reader), path=path)
        _check_texts(reader, path)
        version, backend = read_version(reader, root, path)
        config = _modern(_parsed(raw, path, CONFIG, options), version, backend, options, path)
        layout = read_layout(reader, root, path)
        source = ConvertedSource(reader, layout.origin)
        size = sum(d.nbytes for d in reader.datasets.values())
        with Allocation(size + limits.slack_bytes, weights_follow=True) as allocation:
            model = text.model_from_config(config, options.custom_objects, options.safe_mode, path)
            matches = h5_weights.load(model, source, layout, options, path, allocation)
            raw = reader.attributes.text("", TRAINING) if options.compile else None
            if raw is not None:
                allocation.limit += _SLOTS * allocation.taken
                training = _parsed(raw, path, TRAINING, options)
                _compile(model, training, (version, backend), options, path)
                if OPTIMIZER in reader.groups and getattr(model.optimizer, "built", False):
                    file_list = read_group(reader, OPTIMIZER, OPTIMIZER, path)
                    h5_optimizer.load(
                        model.optimizer, file_list, source, layout, matches, options.rules, path,
                        allocation,
                    )  # fmt: skip
            allocation.finish()
        h5_assets.load(model, reader, path)
    return model


def _modern(
    config: Any, version: str | None, backend: str | None, options: LoadOptions, path: str
) -> Any:
    """Return a config of any Keras as `.keras` files hold it."""
    try:
        with serialize.CustomObjectScope(options.custom_objects):
            return h5_config.full_form(modernize(config, version or "1.0", backend))
    except ModelFileError as e:
        raise type(e)(e.message, path=path, where=e.where or CONFIG) from e


def _no_model(config: str | None, reader: H5Reader) -> str:
    if config is not None:
        return "the list of layers (layer_names) is missing."
    if reader.datasets:
        return (
            "it holds weights and no model (no attribute model_config): build the model, and "
            "call its load_weights()."
        )
    return "no file of Keras: it has neither a model's config nor weights."


def _parsed(raw: str, path: str, where: str, options: LoadOptions) -> Any:
    config = text.parse_json(raw.encode(), path, where, options.limits)
    if not isinstance(config, dict):
        raise ModelFileError(
            f"a dict is needed. Received: {type(config).__name__}.", path=path, where=where
        )
    text.check_node(config, where, path)
    return config


def _check_texts(reader: H5Reader, path: str) -> None:
    """Compare the checksum of the attributes, if we wrote the file."""
    checksum = reader.attributes.number("", CHECKSUM)
    if checksum is None:
        return
    texts = {name: reader.attributes.text("", name) for name in _TEXTS}
    if texts_checksum({k: v for k, v in texts.items() if v is not None}) != checksum:
        raise ModelFileError("damaged: its config differs from its checksum.", path=path)


def _compile(
    model: Any,
    config: dict[str, Any],
    writer: tuple[str | None, str | None],
    options: LoadOptions,
    path: str,
) -> None:
    try:
        given = compile_arguments(config, *writer, options.custom_objects, options.safe_mode)
        if given is None:
            return
        model.compile(**given)
        if model.optimizer is not None and model.built:
            model.optimizer.build(model.trainable_variables)
    except ModelFileError as e:
        raise type(e)(e.message, path=path, where=e.where or TRAINING) from e
    except (MemoryError, OSError):
        raise
    except Exception as e:
        raise ModelFileError(str(e) or type(e).__name__, path=path, where=TRAINING) from e


def load_weights(model: Any, path: str, options: LoadOptions) -> None:
    """Set a model's weights from an `.h5` file of weights, or of a whole model."""
    with open_regular(path) as file, H5Reader(file, path, limits=options.limits) as reader:
        read_weights(model, reader, path, options)


def read_weights(model: Any, reader: H5Reader, path: str, options: LoadOptions) -> None:
    """Set a model's weights from an open file, of whichever of Keras's two layouts."""
    root = find_root(reader)
    if root is None:
        if options.by_name:
            raise ValueError(
                "load_weights: by_name must be False for a file without layer_names, whose weights "
                "stand under their paths. Received: by_name=True."
            )
        weights.load_state(model, reader, options.rules, path)
        return
    layout = read_layout(reader, root, path)
    h5_weights.load(model, ConvertedSource(reader, layout.origin), layout, options, path)
