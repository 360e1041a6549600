"""The answers of Quiver of 2016, in the shapes that its client reads."""

import threading
from collections import OrderedDict
from typing import Any

from torchkeras.quiver import keras2_json, render
from torchkeras.quiver.engine import Engine
from torchkeras.quiver.gallery import Gallery

MAX_FILES = 65536


class OldClient:
    """Answers about the first checkpoint; images are told by name.

    Args:
        engine: What looks into the models.
        gallery: The images and samples.
    """

    def __init__(self, engine: Engine, gallery: Gallery) -> None:
        self._engine, self._gallery = engine, gallery
        self._files: OrderedDict[str, tuple[int, str, str, int]] = OrderedDict()
        self._lock = threading.Lock()

    def model(self) -> dict[str, Any]:
        """Return the model in the JSON form of Keras 2."""
        engine = self._engine
        return keras2_json.model_json(engine.session()["title"], engine.run(engine.first, None))

    def layer(self, name: str, image: str) -> list[str]:
        """Return names for the pictures of a layer's maps, which `picture` takes."""
        engine, item = self._engine, self._gallery.by_name(image)
        number = engine.first
        node = engine.node(keras2_json.find(engine.run(number, item), name))
        count = len(engine.shown(number, node, item).data)
        files = [f"{name}_{i}_{item.name}.png".replace("/", "_") for i in range(count)]
        with self._lock:
            for i, file in enumerate(files):
                self._files[file] = (number, node, item.id, i)
                self._files.move_to_end(file)
            while len(self._files) > MAX_FILES:
                self._files.popitem(last=False)
        return files

    def picture(self, file: str) -> bytes:
        """Return the PNG of a map."""
        with self._lock:
            number, node, item, index = self._files[file]
        data = self._engine.shown(number, node, self._gallery.get(item)).data
        return render.tiles(data[index : index + 1], per_map=True)

    def predictions(self, image: str) -> list[list[list[Any]]]:
        """Return `[[["", "cat", 0.93], …]]`."""
        engine = self._engine
        found = engine.predictions(engine.first, self._gallery.by_name(image))["outputs"]
        return [[["", t["label"], t["value"]] for t in output["top"]] for output in found]
