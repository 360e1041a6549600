"""Pictures of all formats come out right; what is none, or too large, comes out as one error."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from torchkeras.quiver import decode

LIMIT = 1e6
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (6, 9, 3)).astype(np.uint8)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def upright_size(data, name):
    return decode.size(io.BytesIO(data), name, LIMIT)


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("a.png", "PNG", {}),
        ("a.BMP", "BMP", {}),
        ("a.webp", "WEBP", {"lossless": True}),
    ],
)
def test_lossless(name, kind, options):
    data = saved(Image.fromarray(PHOTO), kind, **options)
    assert upright_size(data, name) == (9, 6)
    assert np.array_equal(decode.to_array(decode.load(data, name, LIMIT), None, None, 3), PHOTO)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jpg", "JPEG"), ("a.jpeg", "JPEG"), ("a.gif", "GIF"), ("a.webp", "WEBP")]
)
def test_lossy(name, kind):
    smooth = np.add.outer(np.arange(30), np.arange(40))[..., None] * [1, 2, 3]
    data = saved(Image.fromarray(smooth.astype(np.uint8)), kind)
    assert upright_size(data, name) == (40, 30)
    array = decode.to_array(decode.load(data, name, LIMIT), None, None, 3)
    assert array.dtype == np.float32
    assert np.abs(array - smooth).mean() < 8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_modes_of_png(mode):
    grey = RNG.integers(0, 256, (5, 7)).astype(np.uint8)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
        expected = np.repeat(grey[..., None], 3, -1)
    else:
        image = Image.fromarray(grey).convert(mode)
        expected = np.asarray(image.convert("RGB"))
    picture = decode.load(saved(image, "PNG"), "a.png", LIMIT)
    assert np.array_equal(decode.to_array(picture, None, None, 3), expected)


def test_clear_colours_of_a_palette():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    data = saved(image, "PNG", transparency=b"\x80\xff")
    array = decode.to_array(decode.load(data, "a.png", LIMIT), None, None, 4)
    assert array.tolist() == [[[255, 0, 0, 128], [0, 255, 0, 255]]]


def test_cmyk():
    image = Image.new("CMYK", (4, 4), (0, 255, 255, 0))
    array = decode.to_array(decode.load(saved(image, "JPEG"), "a.jpg", LIMIT), None, None, 3)
    assert np.abs(array - [255, 0, 0]).max() < 4


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_array(channels, mode):
    picture = Image.fromarray(PHOTO)
    array = decode.to_array(picture, 4, 5, channels)
    expected = np.asarray(picture.convert(mode).resize((5, 4), Image.Resampling.BILINEAR))
    assert array.dtype == np.float32
    assert np.array_equal(array, expected.reshape(4, 5, channels))
    assert decode.to_array(picture, None, 3, channels).shape == (6, 3, channels)


def test_array_of_other_channels():
    with pytest.raises(ValueError, match=r"1, 3 or 4 channels. Received: channels=2\."):
        decode.to_array(Image.fromarray(PHOTO), 4, 4, 2)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("name", "kind"), [("a.png", "PNG"), ("a.webp", "WEBP")])
def test_orientation(orientation, name, kind):
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(Image.fromarray(PHOTO), kind, exif=exif, **options)
    turned = {
        1: PHOTO, 2: PHOTO[:, ::-1], 3: PHOTO[::-1, ::-1], 4: PHOTO[::-1],
        5: PHOTO.transpose(1, 0, 2), 6: np.rot90(PHOTO, -1),
        7: PHOTO[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(PHOTO),
    }[orientation]  # fmt: skip
    picture = decode.load(data, name, LIMIT)
    assert np.array_equal(np.asarray(picture), turned)
    assert upright_size(data, name) == picture.size


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_orientation_of_a_jpeg_and_nonsense():
    exif = Image.Exif()
    exif[decode.ORIENTATION] = 6
    image = Image.fromarray(PHOTO)
    assert upright_size(saved(image, "JPEG", exif=exif), "a.jpg") == (6, 9)
    assert decode.load(saved(image, "JPEG", exif=exif), "a.jpg", LIMIT).size == (6, 9)
    for bad in (b"Exif\0\0nonsense", b"Exif\0\0MM\0*\xff\xff\xff\xff"):
        assert decode.load(saved(image, "JPEG", exif=bad), "a.jpg", LIMIT).size == (9, 6)


def test_what_a_file_tells_beside_its_picture_is_left_out():
    exif = Image.Exif()
    exif[0x010E] = "at home"
    data = saved(Image.fromarray(PHOTO), "JPEG", exif=exif, comment=b"at home")
    assert b"at home" in data
    assert b"at home" not in decode.to_png(decode.load(data, "a.jpg", LIMIT))


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (4, 4), (n, 0, 0)) for n in (200, 100, 0)]
    for name, kind in (("a.gif", "GIF"), ("a.png", "PNG"), ("a.webp", "WEBP")):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        array = decode.to_array(decode.load(data, name, LIMIT), None, None, 3)
        assert np.abs(array - [200, 0, 0]).max() < 5, kind


def test_thumbnail():
    image = Image.fromarray(RNG.integers(0, 256, (300, 200, 3)).astype(np.uint8))
    small = Image.open(io.BytesIO(decode.to_png(image, 96)))
    assert small.size == (64, 96)
    assert image.size == (200, 300)
    assert Image.open(io.BytesIO(decode.to_png(image, 1000))).size == (200, 300)
    data = saved(image, "JPEG")
    assert decode.load(data, "a.jpg", LIMIT, 40).size < image.size


@pytest.mark.parametrize("kind", ["VP8X", "VP8L", "VP8 "])
def test_webp_size(kind):
    options = {"VP8L": {"lossless": True}, "VP8X": {"xmp": b"<x/>"}}.get(kind, {})
    data = saved(Image.new("RGB", (321, 123)), "WEBP", **options)
    assert data[12:16] == kind.encode()
    assert decode._webp_size(data[:30]) == (321, 123)


# --------------------------------------------------------------------------- what is refused

GOOD = saved(Image.fromarray(PHOTO), "PNG")


@pytest.mark.parametrize("name", ["a.svg", "a", ".png", "a.png.exe", "a.tif", "a.pngx"])
def test_names_of_no_image(name):
    assert decode.image_format(name) is None
    with pytest.raises(decode.ImageError, match=r"the name of an image ends in \.bmp"):
        decode.load(GOOD, name, LIMIT)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", GOOD),  # a format, but another
        ("a.png", saved(Image.fromarray(PHOTO), "GIF")),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.png", b"<html><script>alert(1)</script>"),
        ("a.png", b""),
        ("a.webp", b""),
        ("a.webp", b"RIFF" + bytes(40)),
        ("a.png", GOOD[: len(GOOD) // 2]),
        ("a.png", GOOD[:40]),
        ("a.jpg", saved(Image.fromarray(PHOTO), "JPEG")[:-30]),
        ("a.png", GOOD.replace(b"IDAT", b"IDAX")),
        ("a.bmp", saved(Image.fromarray(PHOTO), "BMP")[:60]),
        ("a.webp", saved(Image.fromarray(PHOTO), "WEBP")[:60]),
        ("a.gif", saved(Image.fromarray(PHOTO), "GIF")[:40]),
        ("a.png", saved(Image.fromarray(PHOTO), "TIFF")),
    ],
)
def test_no_image(name, data):
    with pytest.raises(decode.ImageError, match=r"this is no [A-Z]+ image, or a damaged one"):
        decode.load(data, name, LIMIT)


def huge(kind, width, height):
    """A header that claims a size, over the bytes of a small picture."""
    small = bytearray(saved(Image.new("L" if kind == "PNG" else "RGB", (8, 8)), kind))
    if kind == "PNG":
        small[16:24] = struct.pack(">II", width, height)
        crc = zlib.crc32(bytes(small[12:29]))
        small[29:33] = struct.pack(">I", crc)
    elif kind == "BMP":
        small[18:26] = struct.pack("<ii", width, height)
    elif kind == "GIF":
        small[6:10] = struct.pack("<HH", width, height)
    elif kind == "JPEG":
        at = small.index(b"\xff\xc0")
        small[at + 5 : at + 9] = struct.pack(">HH", height, width)
    else:
        small[26:30] = struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
    return bytes(small)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG", "WEBP"])
@pytest.mark.parametrize("side", [8_000, 16_000, 30_000])
def test_bombs(kind, side):
    side = min(side, 16_000) if kind == "WEBP" else side
    name = f"a.{kind.lower()}"
    for asked in (
        lambda data: decode.load(data, name, 50e6),
        lambda data: decode.size(io.BytesIO(data), name, 50e6),
    ):
        with pytest.raises(decode.ImageError, match="may have 50 million pixels at most"):
            asked(huge(kind, side, side))
