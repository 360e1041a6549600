"""Quiver's answers for a model of VGG-16's size, through the port.

    python benchmarks/quiver.py
    python benchmarks/quiver.py --model ResNet50 --views 400

Printed are the seconds to a layer's first view on a new photograph (the run of the model, its
statistics and the picture of all maps), those of the same view again, and the memory of the
process after every fifty views of changing layers and photographs. The aim: a first view in less
than 2 s, a view again in less than 0.1 s, memory that stays flat.
"""

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

import torchkeras as keras
from torchkeras.quiver import launch


def photographs(folder: Path, count: int) -> None:
    """Write parts of scikit-learn's two photographs as files."""
    sources = load_sample_images().images
    random = np.random.default_rng(0)
    for i in range(count):
        picture = sources[i % len(sources)]
        top, left = random.integers(0, 100), random.integers(0, 200)
        Image.fromarray(picture[top : top + 300, left : left + 400]).save(folder / f"{i:02}.jpg")


def resident() -> float:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="VGG16", help="an architecture of keras.applications")
    parser.add_argument("--views", type=int, default=200)
    parser.add_argument("--images", type=int, default=20)
    options = parser.parse_args()
    model = getattr(keras.applications, options.model)(weights=None)
    print(f"load average {os.getloadavg()[0]:.1f}, {options.model} of {model.count_params():,}")

    def ask(path: str) -> Any:
        with urllib.request.urlopen(viewer.url.rstrip("/") + path) as answer:
            body = answer.read()
        return json.loads(body) if "json" in answer.headers["Content-Type"] else body

    def view(node: str, image: str) -> float:
        start = time.perf_counter()
        ask(f"/api/view/0/{node}/{image}")
        ask(f"/api/tiles/0/{node}/{image}.png")
        return time.perf_counter() - start

    with tempfile.TemporaryDirectory() as folder:
        photographs(Path(folder), options.images)
        with launch(model, input_folder=folder, port=0, open_browser=False, block=False) as viewer:
            nodes = [n["id"] for n in ask("/api/graph/0")["nodes"] if n["view"] == "maps"]
            images = [i["id"] for i in ask("/api/images")]
            largest = nodes[2]  # the second convolution: the most values
            first = [view(largest, image) for image in images[:5]]
            again = [view(largest, images[4]) for _ in range(20)]
            other = [view(node, images[4]) for node in nodes[3:]]
            for what, times in {
                "first view of a photograph": first,
                "another layer of it": other,
                "the same view again": again,
            }.items():
                print(f"{what:28} {statistics.median(times):6.3f} s (max {max(times):.3f})")
            places = itertools.cycle(itertools.product(images, nodes[::5]))
            for i in range(options.views + 1):
                if i % 50 == 0:
                    print(f"memory after {i:4} views      {resident():6.0f} MB", flush=True)
                node_and_image = next(places)
                view(node_and_image[1], node_and_image[0])


if __name__ == "__main__":
    main()
