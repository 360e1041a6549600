"""What TensorBoard's server answers about our logs, on loopback."""

import json
import re
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from callbacks.tensorboard.recorded import scalars
from callbacks.tensorboard.test_callback import keras_model

from torchkeras.callbacks import TensorBoard

X = np.random.default_rng(0).integers(0, 5, (12, 4)).astype("float32")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Logs with everything in them, below a folder of several trainings."""
    folder = tmp_path_factory.mktemp("logs")
    board = TensorBoard(
        folder / "first", histogram_freq=1, write_images=True, update_freq=1, embeddings_freq=1,
        embeddings_metadata="labels.tsv",
    )  # fmt: skip
    (folder / "first").mkdir()
    (folder / "first" / "labels.tsv").write_text("a\nb\nc\nd\ne\n")
    model = keras_model()
    y = X.mean(-1, keepdims=True)
    options = {"epochs": 2, "batch_size": 4, "verbose": 0, "callbacks": [board]}
    model.fit(X, y, validation_data=(X, y), **options)
    return folder


@pytest.fixture(scope="module")
def get(logs):
    """Ask the server of `logs`: `get("scalars/tags")`."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), "--port", "0",
               "--host", "127.0.0.1", "--load_fast", "false"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = []
            for line in server.stderr:
                lines.append(line)
                if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    break
            else:
                pytest.fail("".join(lines))

            def get(route):
                url = f"{found[0]}data/plugin/{route}"
                with urllib.request.urlopen(url, timeout=30) as answer:
                    return answer.read()

            yield get
        finally:
            server.kill()  # it takes a SIGTERM that comes at a bad moment for none


def test_scalars_of_both_runs(get, logs):
    tags = json.loads(get("scalars/tags"))
    assert set(tags) == {"first/train", "first/validation"}
    assert {"epoch_loss", "epoch_mae", "epoch_learning_rate", "batch_loss"} <= set(
        tags["first/train"]
    )
    assert set(tags["first/validation"]) == {
        "epoch_loss", "epoch_mae", "evaluation_loss_vs_iterations",
        "evaluation_mae_vs_iterations",
    }  # fmt: skip
    for run in ("train", "validation"):
        answer = json.loads(get(f"scalars/scalars?run=first%2F{run}&tag=epoch_loss"))
        points = [(step, pytest.approx(value)) for _, step, value in answer]
        assert points == scalars(logs / "first" / run)["epoch_loss"]


def test_graph(get):
    info = json.loads(get("graphs/info"))
    assert info["first/train"]["run_graph"]
    text = get("graphs/graph?run=first%2Ftrain").decode()
    for name in ("sequential/emb", "sequential/conv", "sequential/out"):
        assert f'name: "{name}"' in text
    assert 'input: "sequential/emb"' in text


def test_histograms_and_images(get):
    histograms = json.loads(get("histograms/tags"))["first/train"]
    images = json.loads(get("images/tags"))["first/train"]
    assert any(tag.endswith("conv/kernel/histogram") for tag in histograms)
    tag = next(tag for tag in images if tag.endswith("conv/kernel/image"))
    (_, last) = json.loads(get(f"images/images?run=first%2Ftrain&tag={tag}&sample=0"))
    assert get(f"images/individualImage?{last['query']}").startswith(b"\x89PNG")


def test_projector(get):
    assert "first/train" in json.loads(get("projector/runs"))
    info = json.loads(get("projector/info?run=first%2Ftrain"))
    (entry,) = info["embeddings"]
    assert (entry["tensorName"], entry["tensorShape"]) == ("emb", [5, 3])
    table = get("projector/tensor?run=first%2Ftrain&name=emb&num_rows=100")
    assert len(table) == 5 * 3 * 4
    labels = get("projector/metadata?run=first%2Ftrain&name=emb&num_rows=100").decode()
    assert labels.split() == ["a", "b", "c", "d", "e"]
