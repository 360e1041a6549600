"""The listing, the uploads, the samples: found by id or by exact name, and by nothing else."""

import io
import os
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from quiver_client import fill, pixels, png

from torchkeras.quiver import gallery as gallery_module
from torchkeras.quiver.gallery import Gallery


def names(gallery):
    return [item.name for item in gallery.items()]


def test_folder(tmp_path):
    fill(tmp_path)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "below.png").mkdir()
    (tmp_path / "BIG.PNG").write_bytes(png(np.zeros((3, 4))))
    gallery = Gallery(tmp_path)
    assert names(gallery) == ["BIG.PNG", "china.jpg", *(f"digit-{n}.png" for n in range(5)),
                              "flower.jpg"]  # fmt: skip
    item = gallery.by_name("digit-3.png")
    assert item is gallery.get(item.id)
    assert item.entry() == {
        "id": "i5", "name": "digit-3.png", "width": 8, "height": 8, "source": "folder",
        "kind": "image",
    }  # fmt: skip
    assert item.sample is None
    assert np.array_equal(item.array(8, 8, 1)[..., 0], pixels(3))
    assert gallery.by_name("china.jpg").array(32, 48, 3).shape == (32, 48, 3)
    for wrong in ("i99", "5", "digit-3.png", "../i0"):
        with pytest.raises(KeyError, match="There is no image"):
            gallery.get(wrong)
    for wrong in ("i0", "notes.txt", "./digit-3.png", f"{tmp_path}/digit-3.png", "DIGIT-3.png"):
        with pytest.raises(KeyError, match="There is no image"):
            gallery.by_name(wrong)


def test_no_folder(tmp_path):
    assert Gallery(None).items() == []
    with pytest.raises(FileNotFoundError):
        Gallery(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        Gallery(tmp_path / "file")


def test_the_listing_is_of_the_start(tmp_path):
    fill(tmp_path)
    gallery = Gallery(tmp_path)
    (tmp_path / "later.png").write_bytes(png(pixels(0)))
    with pytest.raises(KeyError):
        gallery.by_name("later.png")
    item = gallery.by_name("digit-1.png")
    (tmp_path / "digit-1.png").write_bytes(png(pixels(7)))  # a new picture in its place is shown
    assert np.array_equal(item.array(8, 8, 1)[..., 0], pixels(7))
    (tmp_path / "digit-1.png").unlink()
    with pytest.raises(KeyError, match="no longer the file"):
        item.array(8, 8, 1)


def test_links_pipes_and_folders(tmp_path):
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir(), outside.mkdir()
    (outside / "secret.png").write_bytes(png(pixels(0)))
    (folder / "a.png").write_bytes(png(pixels(1)))
    (folder / "link.png").symlink_to(outside / "secret.png")
    (folder / "inner.png").symlink_to(folder / "a.png")
    os.mkfifo(folder / "pipe.png")
    gallery = Gallery(folder)
    assert names(gallery) == ["a.png"]
    item = gallery.get("i0")
    gallery.png(item, 8)
    swaps = {
        "link": lambda path: path.symlink_to(outside / "secret.png"),
        "loop": lambda path: path.symlink_to(path),
        "pipe": os.mkfifo,
        "folder": os.mkdir,
        "device": lambda path: path.symlink_to("/dev/zero"),
    }
    for swap in swaps.values():
        (folder / "a.png").unlink()
        swap(folder / "a.png")
        for look in (lambda: item.array(8, 8, 1), item.png, lambda: gallery.png(item, 8)):
            with pytest.raises(KeyError, match=r"'a\.png' is no longer the file"):
                look()
        path = folder / "a.png"
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        path.write_bytes(b"")
    # The folder itself is swapped.
    folder.rename(tmp_path / "moved")
    (outside / "a.png").write_bytes(png(pixels(2)))
    folder.symlink_to(outside)
    with pytest.raises(KeyError, match="no longer the file"):
        item.array(8, 8, 1)


def test_a_link_to_the_folder_is_fine(tmp_path):
    (tmp_path / "in").mkdir()
    fill(tmp_path / "in", digits=1)
    (tmp_path / "link").symlink_to(tmp_path / "in")
    item = Gallery(tmp_path / "link").by_name("digit-0.png")
    assert np.array_equal(item.array(8, 8, 1)[..., 0], pixels(0))


def test_damaged_and_large_files_are_listed(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"<svg/>")
    (tmp_path / "big.png").write_bytes(png(pixels(0)) + bytes(2000))
    gallery = Gallery(tmp_path, max_bytes=1000)
    assert [(i.name, i.width) for i in gallery.items()] == [("bad.png", None), ("big.png", None)]
    with pytest.raises(ValueError, match=r"'bad\.png': this is no PNG image"):
        gallery.get("i0").png()
    with pytest.raises(ValueError, match=r"'big\.png': a file may have .* MiB at most"):
        gallery.get("i1").png()


def test_limit_of_pixels(tmp_path):
    (tmp_path / "a.png").write_bytes(png(np.zeros((11, 10))))
    item = Gallery(tmp_path, max_pixels=100).get("i0")
    assert item.width is None
    with pytest.raises(ValueError, match="million pixels at most"):
        item.array(4, 4, 1)


def test_limit_of_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery_module, "MAX_ITEMS", 3)
    fill(tmp_path)
    with pytest.warns(UserWarning, match="there are 7 images in the folder; the first 3 are"):
        assert len(Gallery(tmp_path).items()) == 3
    with pytest.warns(UserWarning, match="there are 9 samples; the first 3 are shown"):
        assert len(Gallery(None, np.zeros((9, 2))).items()) == 3


def test_uploads():
    gallery = Gallery(None, max_uploads=3)
    item = gallery.add("a.png", png(pixels(4)))
    assert item.entry() == {
        "id": "i0", "name": "a.png", "width": 8, "height": 8, "source": "upload", "kind": "image",
    }  # fmt: skip
    assert np.array_equal(item.array(8, 8, 1)[..., 0], pixels(4))
    for _ in range(3):
        gallery.add("a.png", png(pixels(5)))
    # The oldest has left, and its name and id are not given again.
    assert [(i.id, i.name) for i in gallery.items()] == [
        ("i1", "a (2).png"), ("i2", "a (3).png"), ("i3", "a (4).png"),
    ]  # fmt: skip
    with pytest.raises(KeyError):
        gallery.get("i0")
    assert gallery.add("a.png", png(pixels(5))).name == "a.png"


def test_uploads_of_many_bytes():
    noise = np.random.default_rng(0).integers(0, 256, (30, 30))
    gallery = Gallery(None, max_bytes=1200)
    for _ in range(9):
        gallery.add("a.png", png(noise))
    assert len(gallery.items()) * len(png(noise)) <= 4 * 1200
    with pytest.raises(ValueError, match="MiB at most"):
        gallery.add("b.png", png(noise) + bytes(1000))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/a.png", "a.png"),
        ("C:\\x\\a.png", "a.png"),
        ("a\x00\n\u202eb.png", "ab.png"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("\u00e9t\u00e9 \u4e2d.png", "\u00e9t\u00e9 \u4e2d.png"),
    ],
)
def test_names_of_uploads(name, kept):
    assert Gallery(None).add(name, png(pixels(0))).name == kept


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.svg", b"<svg/>"), ("a.png", b"<svg/>"), ("", b""), ("a.jpg", png(pixels(0)))],
)
def test_uploads_that_are_refused(name, data):
    gallery = Gallery(None)
    with pytest.raises(ValueError, match="image"):
        gallery.add(name, data)
    assert gallery.items() == []


def test_an_upload_that_is_cut_is_told_at_once():
    data = png(np.random.default_rng(0).integers(0, 256, (30, 30)))
    with pytest.raises(ValueError, match="damaged"):
        Gallery(None).add("a.png", data[:-200])


def test_samples():
    x = np.arange(24.0).reshape(3, 8)
    gallery = Gallery(None, samples=x)
    assert names(gallery) == ["sample 0", "sample 1", "sample 2"]
    item = gallery.by_name("sample 1")
    assert (item.kind, item.source, item.width) == ("array", "sample", None)
    assert np.array_equal(item.sample, x[1:2])
    assert np.array_equal(gallery.sample, x[:1])
    nested = Gallery(None, samples={"a": [x, torch.zeros(3, 4, 5)], "b": x.astype("int64")})
    sample = nested.get("i2").sample
    assert np.array_equal(sample["a"][0], x[2:]) and sample["a"][1].shape == (1, 4, 5)
    assert sample["b"].dtype == np.int64


@pytest.mark.parametrize(
    "row",
    [
        np.arange(8.0), np.zeros(1), np.float32(3), np.zeros((4, 6)), np.zeros((4, 6, 3)),
        np.zeros((4, 6, 1)), np.zeros((4, 6, 7)), np.zeros((2, 3, 4, 5)), np.zeros((0, 3)),
        np.full((4, 6), np.nan), np.arange(9000) % 7, np.ones((3, 3), bool),
    ],
    ids=lambda row: f"{row.dtype}{row.shape}",
)  # fmt: skip
def test_pictures_of_samples(row):
    item = Gallery(None, samples=np.asarray(row)[None]).get("i0")
    assert item.png(96).startswith(b"\x89PNG")
    assert item.array(8, 8, 3).shape == (8, 8, 3)


def test_pictures_of_sample_images():
    photo = np.random.default_rng(0).integers(0, 256, (1, 6, 5, 3)).astype(np.uint8)
    item = Gallery(None, samples=photo).get("i0")
    assert (item.width, item.height) == (5, 6)
    assert np.array_equal(item.array(None, None, 3), photo[0])
    grey = Gallery(None, samples=np.array([[[-1.0, 0.0], [0.5, 1.0]]])).get("i0")
    assert grey.array(None, None, 1)[..., 0].tolist() == [[0, 128], [191, 255]]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([np.zeros(3), np.zeros(4)], "same length. Received: lengths 3, 4"),
        ({"a": np.zeros((3, 2)), "b": np.zeros((2, 2))}, "same length. Received: lengths 2, 3"),
        (3.0, r"arrays with a batch axis. Received an array of shape \(\)"),
        (np.array(["a", "b"]), "must be numbers. Received: dtype <U1"),
        ([], "Received: lengths of no array"),
    ],
)
def test_samples_that_are_refused(samples, message):
    with pytest.raises(ValueError, match=message):
        Gallery(None, samples=samples)


def test_thumbnails_are_kept_within_a_limit(tmp_path, monkeypatch):
    fill(tmp_path)
    gallery = Gallery(tmp_path)
    item = gallery.by_name("china.jpg")
    first = gallery.png(item, 96)
    assert max(Image.open(io.BytesIO(first)).size) == 96
    assert gallery.png(item, 96) is first
    (tmp_path / "china.jpg").write_bytes(png(pixels(0)[:, :, None].repeat(3, 2), format="JPEG"))
    assert gallery.png(item, 96) != first  # the file is another one now
    kept = gallery._thumbnails
    kept._max_bytes = 20_000
    for size in range(60, 100):
        gallery.png(gallery.by_name("flower.jpg"), size)
    assert kept._bytes == sum(map(len, kept._kept.values())) <= 20_000


def test_many_threads():
    gallery = Gallery(None, max_uploads=5)
    data = [png(pixels(n)) for n in range(4)]

    def work(n):
        for _ in range(20):
            gallery.png(gallery.add("a.png", data[n]), 8)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(gallery.items()) == 5
    assert len({*names(gallery)}) == 5
