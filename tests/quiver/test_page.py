"""The page in headless Chromium, on a trained convnet and photographs."""

import base64
import io
import re
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from quiver_page import (
    CLASSES,
    HOSTILE,
    SIZE,
    chromium,
    convnet,
    examples,
    photographs,
    resize,
    scheme,
    trained,
    write_images,
)
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

import torchkeras as keras
from torchkeras.quiver import launch

pytestmark = pytest.mark.browser

PATCH = "patch.png"  # of the model's own size: nothing is resized on its way


@pytest.fixture(scope="session")
def models():
    return trained()


@pytest.fixture(scope="session")
def patch():
    """A crop of a photograph, as the model takes it: (1, 64, 64, 3), 0 to 255."""
    return photographs()["flower.jpg"][None, 100 : 100 + SIZE, 200 : 200 + SIZE].copy()


@pytest.fixture(scope="session")
def viewer(models, patch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_images(folder)
    Image.fromarray(patch[0]).save(folder / PATCH)
    before, model = models
    with launch(
        model,
        classes=CLASSES,
        input_folder=folder,
        port=0,
        open_browser=False,
        block=False,
        checkpoints={"before training": before},
    ) as running:
        yield running


@pytest.fixture(scope="session")
def driver():
    with chromium() as running:
        yield running


class Page:
    """What a person does with the page, and what is on it."""

    def __init__(self, driver):
        self.driver = driver
        self.allowed = ()  # parts of messages that this test expects in the console

    def open(self, url, hash_=""):
        self.driver.get("about:blank")
        self.driver.get(f"{url}{hash_}")
        self.until("return getComputedStyle(document.querySelector('main')).opacity === '1'")
        self.settle()

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def until(self, script, *args, seconds=20):
        WebDriverWait(self.driver, seconds, 0.03).until(lambda d: d.execute_script(script, *args))

    def settle(self):
        """Wait until nothing is loaded or painted any more."""
        self.until(
            "return new Promise((done) => requestAnimationFrame(() => done("
            " !document.querySelector('#maps.waiting, [aria-busy=true]')"
            " && (document.querySelector('.prediction') || !document.querySelector('#images *'))"
            ")))"
        )

    def get(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.get(selector).text

    def click(self, selector):
        self.get(selector).click()
        self.settle()

    def choose(self, selector, text):
        Select(self.get(selector)).select_by_visible_text(text)
        self.settle()

    def image(self, name):
        self.thumb(name).click()
        self.settle()

    def thumb(self, name):
        return next(t for t in self.all(".thumb") if t.get_attribute("aria-label") == name)

    def layer(self, name):
        """Click a layer's box, as a mouse does."""
        box = self.node(name)
        ActionChains(self.driver).move_to_element(box).click().perform()
        self.until(
            "return document.querySelector('#layer-name').textContent === arguments[0]", name
        )
        self.settle()

    def node(self, name):
        return next(n for n in self.all("#graph .node") if n.get_attribute("data-name") == name)

    def nodes(self):
        return [n.get_attribute("data-name") for n in self.all("#graph .node")]

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def pixels(self, selector, channel=0):
        """One channel of canvases: (count, height, width)."""
        found = self.js(
            "return [...document.querySelectorAll(arguments[0])].map((canvas) => {"
            "  const {width, height} = canvas;"
            "  const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);"
            "  return [height, width, [...data].filter((_, k) => k % 4 === arguments[1])];"
            "})",
            selector,
            channel,
        )
        return np.stack([np.array(v, dtype=int).reshape(h, w) for h, w, v in found])

    def errors(self):
        entries = [e for e in self.driver.get_log("browser") if e["level"] != "INFO"]
        return [e for e in entries if not any(part in e["message"] for part in self.allowed)]


@pytest.fixture
def page(driver):
    found = Page(driver)
    driver.get("about:blank")
    driver.get_log("browser")
    resize(driver, 1400, 900)
    scheme(driver, "light")
    yield found
    assert found.errors() == []


def activations(model, name, x):
    """A layer's output (1, ...) in channels-last order, and what the last layer is given."""
    kept = {}
    hooks = [
        model.get_layer(name).register_forward_hook(lambda m, a, y: kept.update(y=y)),
        model.get_layer("classes").register_forward_hook(lambda m, a, y: kept.update(last=a[0])),
    ]
    model(torch.as_tensor(x, dtype=torch.float32))
    for hook in hooks:
        hook.remove()
    return kept["y"], kept["last"]


def as_bytes(values, low, high):
    return np.round(255 * (np.float64(values) - low) / (high - low)).astype(int)


def test_opens_with_the_model_the_images_and_the_predictions(page, viewer, models, patch):
    page.open(viewer.url)
    assert page.text("#title") == "photos"
    top = ["image", "scale", "conv", "pool", "features", "pool_2", "conv_last", "mean"]
    assert page.nodes() == [*top, HOSTILE, "classes"]
    names = [t.get_attribute("aria-label") for t in page.all(".thumb")]
    assert {"china.jpg", "flower.jpg", PATCH} <= set(names)
    assert page.text("#layer-name") == "conv"  # something is there to see at once

    page.image(PATCH)
    y = models[1].predict(patch.astype("float32"), verbose=0)[0]
    order = np.argsort(-y)[:5]
    assert [e.text for e in page.all("#predictions-a .label")] == [CLASSES[k] for k in order]
    for row, k in zip(page.all("#predictions-a .prediction"), order, strict=True):
        assert float(row.get_attribute("title").split(": ")[1]) == pytest.approx(y[k], rel=1e-4)


@pytest.mark.parametrize("layer", ["conv", "conv_last"])
def test_maps_are_the_activations(page, viewer, models, patch, layer):
    page.open(viewer.url)
    page.image(PATCH)
    page.layer(layer)
    page.choose("#colours", "grey")
    y = activations(models[1], layer, patch)[0].detach()[0].permute(2, 0, 1).numpy()
    assert len(page.all("#grid canvas")) == len(y) == models[1].get_layer(layer).filters

    lows, highs = (f(y, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    wanted = as_bytes(y, lows, np.where(highs > lows, highs, lows + 1))
    np.testing.assert_array_equal(page.pixels("#grid canvas"), wanted)
    page.choose("#scale", "whole layer")
    np.testing.assert_array_equal(page.pixels("#grid canvas"), as_bytes(y, y.min(), y.max()))

    tiles = page.all(".tile")
    label = tiles[2].get_attribute("aria-label")
    assert f"max {y[2].max():.4g}" in label
    assert f"{100 * (y[2] == 0).mean():.1f}%" in label or (y[2] == 0).mean() in (0, 1)
    page.choose("#sort", "highest mean")
    order = [int(t.get_attribute("data-index")) for t in page.all(".tile")]
    assert order == sorted(range(len(y)), key=lambda k: (-np.float32(y[k].mean()), k))


def test_a_photograph_is_resized_as_pillow_does(page, viewer, models):
    page.open(viewer.url)
    page.image("china.jpg")
    page.layer("conv")
    page.choose("#colours", "grey")
    names = [t.get_attribute("aria-label") for t in page.all(".thumb")]
    assert "china.jpg" in names
    folder_image = page.js(
        "return fetch('input-file/china.jpg').then(async (r) => "
        "[...new Uint8Array(await r.arrayBuffer())])"
    )
    image = Image.open(io.BytesIO(bytes(folder_image))).convert("RGB")
    x = np.asarray(image.resize((SIZE, SIZE), Image.BILINEAR), dtype="float32")[None]
    y = activations(models[1], "conv", x)[0].detach()[0].permute(2, 0, 1).numpy()
    lows, highs = y.min((1, 2), keepdims=True), y.max((1, 2), keepdims=True)
    shown = page.pixels("#grid canvas")
    assert np.abs(shown - as_bytes(y, lows, highs)).max() <= 1


def test_zoom_reads_true_values_and_shows_the_kernel(page, viewer, models, patch):
    page.open(viewer.url)
    page.image(PATCH)
    page.layer("conv")
    y = activations(models[1], "conv", patch)[0].detach()[0].permute(2, 0, 1).numpy()
    page.all(".tile")[3].click()
    page.until("return document.querySelector('#zoom-main canvas')")
    canvas = page.get("#zoom-main canvas")
    # From its middle, 32 cells right and down of the corner, some cells on.
    side = canvas.size["width"] / SIZE
    ActionChains(page.driver).move_to_element_with_offset(
        canvas, int(4.5 * side), int(-6.5 * side)
    ).perform()
    where, value = page.text("#zoom-read").split(": ")
    row, column = (int(part.split()[1]) for part in where.split(", "))
    assert abs(column - 36) <= 1
    assert abs(row - 25) <= 1
    assert float(value.replace("−", "-")) == pytest.approx(y[3, row, column], rel=1e-3, abs=1e-4)
    page.keys(Keys.ARROW_RIGHT)
    page.until("return document.querySelector('#zoom-title').textContent === 'map 4'")
    page.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    page.until("return document.querySelector('#zoom-title').textContent === 'map 2'")
    page.until("return document.querySelector('.kernel p')?.textContent.includes('bias')")
    kernel, bias = models[1].get_layer("conv").get_weights()
    assert f"bias {bias[2]:.4g}".replace("-", "−") in page.text(".kernel p")
    assert f"{kernel[..., 2].max():.4g}" in page.text(".kernel p")
    assert page.pixels(".kernel canvas", 3).sum() == 255 * 5 * 5 * 3  # three tiles of 5 x 5
    page.keys(Keys.ESCAPE)
    page.until("return !document.querySelector('#zoom').open")
    assert page.js("return document.activeElement.dataset.index") == "2"


def test_grad_cam_lies_over_the_image(page, viewer, models, patch):
    page.open(viewer.url)
    page.image(PATCH)
    page.layer("conv_last")
    plain = page.get("#stage-a").screenshot_as_png
    page.click("#method [value=gradcam]")
    page.choose("#class", "temple")

    maps, last = activations(models[1], "conv_last", patch)
    layer = models[1].get_layer("classes")
    logit = (last @ layer.kernel + layer.bias)[0, CLASSES.index("temple")]
    (gradient,) = torch.autograd.grad(logit, maps)
    heat = (gradient.mean((1, 2), keepdim=True) * maps).sum(-1).relu()[0].detach().numpy()
    shown = page.pixels("#heat-a", 3)[0]
    assert np.abs(shown - as_bytes(heat, 0, heat.max())).max() <= 1
    assert shown.max() == 255
    assert "temple" in page.text("#heat-text-a")
    covered = page.get("#stage-a").screenshot_as_png
    a, b = (np.asarray(Image.open(io.BytesIO(p)).convert("RGB"), int) for p in (plain, covered))
    assert (np.abs(a - b).max(-1) > 8).mean() > 0.1

    page.choose("#class", "flower")
    assert np.abs(page.pixels("#heat-a", 3)[0] - shown).max() > 20
    page.js(
        "const o = document.querySelector('#opacity'); o.value = 0;"
        "o.dispatchEvent(new Event('input'))"
    )
    assert page.get("#stage-a").screenshot_as_png == plain
    page.click("#method [value=none]")
    assert not page.get("#heat-a").is_displayed()


def test_saliency_is_the_gradient_of_the_input(page, viewer, models, patch):
    page.open(viewer.url, "#explain=saliency&class=1")
    page.image(PATCH)
    x = torch.tensor(patch, dtype=torch.float32, requires_grad=True)
    _, last = activations(models[1], "conv_last", x)
    layer = models[1].get_layer("classes")
    logit = (last @ layer.kernel + layer.bias)[0, 1]
    (gradient,) = torch.autograd.grad(logit, x)
    heat = gradient[0].abs().amax(-1).numpy()
    assert np.abs(page.pixels("#heat-a", 3)[0] - as_bytes(heat, 0, heat.max())).max() <= 1


def test_upload_by_the_file_field(page, viewer, tmp_path):
    page.open(viewer.url)
    before = len(page.all(".thumb"))
    Image.fromarray(photographs()["china.jpg"][::3, ::3]).save(tmp_path / "by hand.png")
    page.get("#file").send_keys(str(tmp_path / "by hand.png"))
    page.until("return document.querySelector('#side-title-a').textContent === 'by hand.png'")
    page.settle()
    assert len(page.all(".thumb")) == before + 1
    assert page.thumb("by hand.png").get_attribute("aria-selected") == "true"


def test_upload_by_drag_and_drop(page, viewer):
    page.open(viewer.url)
    data = io.BytesIO()
    Image.fromarray(photographs()["flower.jpg"][::4, ::4]).save(data, "png")
    drop = """
        const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const files = new DataTransfer();
        files.items.add(new File([bytes], arguments[1], {type: "image/png"}));
        for (const kind of ["dragenter", "dragover", "drop"]) {
          document.body.dispatchEvent(new DragEvent(kind, {
            bubbles: true, cancelable: true, dataTransfer: files}));
        }
    """
    name = "dropped <b>ü<b>.png"
    page.js(drop, base64.b64encode(data.getvalue()).decode(), name)
    page.until("return document.querySelector('#side-title-a').textContent === arguments[0]", name)
    page.settle()
    assert page.thumb(name).get_attribute("aria-selected") == "true"

    page.allowed = ("422",)  # Chromium writes down every refused request
    page.js(drop, base64.b64encode(b"GIF89a, and then nothing").decode(), "broken.gif")
    page.until("return document.querySelector('#upload-state.bad:not([hidden])')")
    assert "broken.gif: " in page.text("#upload-text")
    page.get("#upload-close").click()
    assert not page.get("#upload-state").is_displayed()


def test_checkpoints_one_after_the_other_and_side_by_side(page, viewer, models, patch):
    page.open(viewer.url)
    page.image(PATCH)
    page.layer("conv")
    page.choose("#colours", "grey")
    after, before = (activations(m, "conv", patch)[0].detach()[0].numpy() for m in models[::-1])
    shown = page.pixels("#grid canvas")
    page.choose("#checkpoint", "before training")
    other = page.pixels("#grid canvas")
    lows, highs = before.min((0, 1)), before.max((0, 1))
    np.testing.assert_array_equal(other, as_bytes(before, lows, highs).transpose(2, 0, 1))
    assert (shown != other).any()

    page.choose("#checkpoint", "photos")
    page.choose("#compare", "before training")
    canvases = page.pixels("#grid canvas")
    assert len(canvases) == 2 * after.shape[-1]
    for k in range(after.shape[-1]):  # both on the scale of the pair
        a, b = after[..., k], before[..., k]
        low, high = min(a.min(), b.min()), max(a.max(), b.max())
        assert np.abs(canvases[2 * k] - as_bytes(a, low, high)).max() <= 1
        assert np.abs(canvases[2 * k + 1] - as_bytes(b, low, high)).max() <= 1
    assert page.text("#side-title-a") == "photos"
    assert page.text("#side-title-b") == "before training"
    assert len(page.all("#predictions-b .prediction")) == 5
    page.all(".tile")[3].click()
    page.until("return document.querySelectorAll('.kernel').length === 2")
    for section, letter, model in zip(page.all(".kernel"), "AB", models[::-1], strict=True):
        title, told = section.text.split("\n")
        kernel, bias = model.get_layer("conv").get_weights()
        assert title == f"Weights of {letter}"
        assert f"bias {bias[3]:.4g}".replace("-", "−") in told
        assert f"{kernel[..., 3].max():.4g}" in told
    pictures = page.pixels(".kernel canvas", 0)
    assert (pictures[0] != pictures[1]).any()
    page.keys(Keys.ESCAPE)

    page.choose("#compare", "china.jpg")
    assert page.text("#side-title-b") == "china.jpg"
    page.click("#swap")
    assert page.text("#side-title-a") == "china.jpg"
    hash_ = page.js("return location.hash")
    page.open(viewer.url, hash_)  # the link shows the same
    assert [page.text(f"#side-title-{k}") for k in "ab"] == ["china.jpg", PATCH]
    assert page.js("return location.hash") == hash_


def test_a_nested_model_opens_and_folds_in_place(page, viewer):
    page.open(viewer.url)
    group = page.node("features")
    assert group.get_attribute("aria-expanded") == "false"
    folded = page.nodes()
    group.find_element(By.CSS_SELECTOR, ".fold").click()
    inside = {"conv_a", "conv_b", "norm", "add", "relu"}
    assert set(page.nodes()) == {*folded, *inside}
    assert page.node("features").get_attribute("aria-expanded") == "true"
    page.layer("conv_b")
    assert len(page.all("#grid canvas")) == 32
    page.node("features").find_element(By.CSS_SELECTOR, ".fold").click()
    assert page.nodes() == folded
    page.layer("features")  # its own output can be looked at
    assert len(page.all("#grid canvas")) == 32

    page.keys("/", "conv_a", Keys.ENTER)  # the search opens what is in its way
    page.until("return document.querySelector('#layer-name').textContent === 'conv_a'")
    assert "conv_a" in page.nodes()


def test_layout_of_any_graph(page, viewer):
    """No box on another, every line downwards through its points; cycles do not matter."""
    page.open(viewer.url)
    script = """
        const [nodes, edges, done] = arguments;
        import("./static/layout.js").then(({layout}) => {
          const drawn = layout(nodes.map(([id, width, height]) => ({id, width, height})),
            edges.map(([from, to]) => ({from, to})));
          const points = (edge) => edge.points.map((p) => [p.x, p.top, p.bottom]);
          done([[...drawn.at].map(([id, p]) => [id, p.x, p.y]),
            drawn.edges.map((e) => [e.from, e.to, e.back, points(e)]),
            drawn.width, drawn.height]);
        });
    """
    rng = np.random.default_rng(1)
    for count, more in ((1, 0), (2, 0), (60, 30), (300, 120)):
        sizes = [
            (k, int(rng.choice([40, 120, 200])), int(rng.choice([30, 50]))) for k in range(count)
        ]
        edges = {(int(rng.integers(max(0, k - 4), k)), k) for k in range(1, count) if k % 37}
        edges |= {tuple(sorted(map(int, rng.choice(count, 2, False)))) for _ in range(more)}
        if count == 60:
            edges |= {(50, 3), (59, 0)}  # cycles
        at, lines, width, height = page.driver.execute_async_script(script, sizes, sorted(edges))
        assert len(at) == count
        assert len(lines) == len(edges)
        half = np.array([[w / 2, h / 2] for _, w, h in sizes])
        centre = np.array([[x, y] for _, x, y in at])
        assert (centre - half >= -0.01).all()
        assert (centre + half <= np.array([width, height]) + 0.01).all()
        apart = np.abs(centre[:, None] - centre[None]) - (half[:, None] + half[None]) >= -0.01
        assert (apart.any(-1) | np.eye(count, dtype=bool)).all()
        for start, end, back, points in lines:
            first, last = (end, start) if back else (start, end)
            assert points[0][0] == pytest.approx(centre[first][0])
            assert points[-1][0] == pytest.approx(centre[last][0])
            assert all(a[2] <= b[1] + 0.01 for a, b in pairwise(points))


def test_everything_by_keyboard(page, viewer):
    page.open(viewer.url)
    focused = "return document.activeElement.dataset.name"
    page.keys("g", Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.js(focused) == "features"
    page.keys(Keys.SPACE)
    assert "conv_a" in page.nodes()
    page.keys(Keys.ARROW_DOWN)
    assert page.js(focused) == "conv_a"
    page.keys(Keys.ENTER)
    page.until("return document.querySelector('#layer-name').textContent === 'conv_a'")
    page.settle()

    page.keys("i", Keys.HOME, Keys.ARROW_RIGHT)
    second = page.all(".thumb")[1].get_attribute("aria-label")
    page.until(
        "return document.querySelector('#side-title-a').textContent === arguments[0]", second
    )
    page.settle()
    page.keys(Keys.ARROW_RIGHT, "c")
    third = page.all(".thumb")[2].get_attribute("aria-label")
    page.until("return document.querySelector('#side-title-a').textContent === arguments[0]", third)
    page.settle()
    page.keys(Keys.ARROW_LEFT)
    page.keys("e")
    page.until("return !document.querySelector('#heat-a').hidden")
    page.settle()
    page.keys("m", Keys.ARROW_RIGHT, Keys.ENTER)
    page.until("return document.querySelector('#zoom').open")
    assert page.text("#zoom-title") == "map 1"
    page.keys(Keys.ESCAPE, "?")
    page.until("return document.querySelector('#keys').open")
    page.keys(Keys.ESCAPE)
    page.until("return !document.querySelector('dialog[open]')")

    page.js("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = set()
    for _ in range(40):
        page.keys(Keys.TAB)
        reached.add(
            page.js(
                "const a = document.activeElement;"
                "return a.id || a.dataset.id || a.dataset.index || a.value || a.tagName"
            )
        )
        outline = page.js(
            "const a = document.activeElement;"
            "return a.matches(':focus-visible') || a === document.body"
        )
        assert outline
    wanted = {
        "search",
        "checkpoint",
        "compare",
        "theme",
        "help",
        "upload",
        "size",
        "colours",
        "scale",
        "sort",
        "gradcam",
        "class",
        "opacity",
    }
    assert wanted <= reached
    assert any(name.startswith("i") and name[1:].isdigit() for name in reached)  # an image
    assert any(name.startswith("n") and name[1:].isdigit() for name in reached)  # a layer
    assert any(name.isdigit() for name in reached)  # a map


def test_a_phone_shows_all_without_scrolling_sideways(page, viewer):
    resize(page.driver, 360, 740)
    page.open(viewer.url)
    page.js(
        "document.querySelector('#compare').value = 'checkpoint:1';"
        "document.querySelector('#compare').dispatchEvent(new Event('change'))"
    )
    page.until("return document.querySelectorAll('#predictions-b .prediction').length")
    page.settle()
    wide = (
        "const all = [...document.querySelectorAll('body *')].filter((e) => "
        " !e.closest('#images, #graph, #maps-body') && e.getBoundingClientRect().right > 360.5);"
        "return [document.scrollingElement.scrollWidth, all.map((e) => e.id || e.className)]"
    )
    assert page.js(wide) == [360, []]
    for panel in ("#model", "#maps", "#input"):
        assert page.get(panel).size["width"] >= 330
    page.js("document.querySelector('.tile').click()")
    page.until("return document.querySelector('#zoom-main canvas')")
    assert page.js("return document.querySelector('#zoom').scrollWidth") <= 360


def test_fingers_move_and_scale_the_graph(page, viewer):
    resize(page.driver, 360, 740)
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.open(viewer.url)
    page.js("document.querySelector('#model').scrollIntoView({block: 'start'})")

    def touch(kind, *points):
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        what = {"type": f"touch{kind}", "touchPoints": points}
        page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", what)

    def place():
        page.js("return new Promise((done) => requestAnimationFrame(() => done()))")
        text = page.js("return document.querySelector('#graph > g').getAttribute('transform')")
        return [float(part) for part in re.findall(r"-?[\d.]+", text)]

    x, y, scale = place()
    touch("Start", (180, 300))
    for step in (270, 230, 200):
        touch("Move", (180, step))
    touch("End")
    assert place() == pytest.approx([x, y - 100, scale], abs=6)
    touch("Start", (160, 250), (200, 250))
    for wide in (20, 30, 40):
        touch("Move", (180 - wide, 250), (180 + wide, 250))
    touch("End")
    assert place()[2] == pytest.approx(2 * scale, rel=0.1)
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_light_and_dark(page, viewer):
    page.open(viewer.url)

    def brightness(selector, what="backgroundColor"):
        colour = page.js(
            "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]",
            selector,
            what,
        )
        return np.mean([float(v) for v in colour.removeprefix("rgb(").rstrip(")").split(",")[:3]])

    for name in ("light", "dark"):
        scheme(page.driver, name)
        for panel in ("body", "#maps", "dialog"):
            assert (brightness(panel) > 200) == (name == "light")
            assert abs(brightness(panel) - brightness(panel, "color")) > 130
    page.click("#theme")  # the toggle is stronger than the system, also after a reload
    assert brightness("body") > 200
    page.open(viewer.url)
    assert brightness("body") > 200
    page.js("localStorage.clear()")


def test_hostile_names_are_text(page, viewer):
    page.open(viewer.url)
    page.image(f"{HOSTILE}.png")
    page.layer(HOSTILE)
    assert page.text("#layer-name") == HOSTILE
    assert page.text("#side-title-a") == f"{HOSTILE}.png"
    page.keys("/", "onerror")
    page.until("return document.querySelector('#found li[data-id] b')")
    assert page.text("#found b") == HOSTILE
    assert (
        page.js(
            'return document.querySelectorAll(\'img:not([src^="static/"]):not(.thumb img)'
            ":not(.stage img), [onerror]').length"
        )
        == 0
    )
    # Bars, a reader for the unit under the cursor, and its weights.
    page.keys(Keys.ESCAPE)
    page.get(".bar-chart").send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ENTER)
    assert page.get(".bar-chart").get_attribute("aria-valuetext").startswith("unit 1: ")
    page.until("return document.querySelector('.kernel p')?.textContent.includes('bias')")


def test_series_recurrent_and_attention(page):
    layers = keras.layers
    series = keras.Input((20, 6), name="series")
    x = layers.Conv1D(12, 3, padding="same", name="conv1d")(series)
    x = layers.MultiHeadAttention(3, 4, name="attention")(x, x)
    x = layers.LSTM(7, return_sequences=True, name="lstm")(x)
    model = keras.Model(series, layers.Dense(4, name="dense")(layers.Flatten(name="flat")(x)))
    samples = np.random.default_rng(0).normal(size=(2, 20, 6)).astype("float32")
    with launch(
        model, samples=samples, input_folder=None, port=0, open_browser=False, block=False
    ) as running:
        page.open(running.url)
        assert len(page.all(".thumb")) == 2
        page.layer("conv1d")
        assert len(page.all("#grid canvas.curve")) == 12
        page.layer("lstm")
        assert page.pixels("#grid canvas").shape == (1, 20, 7)
        page.layer("attention")
        assert page.pixels("#grid canvas").shape == (3, 20, 20)
        assert "key" in page.text("#axes")
        page.layer("dense")
        assert page.get(".bar-chart").get_attribute("aria-valuemax") == "3"
        y = model.predict(samples[:1], verbose=0)[0]
        page.get(".bar-chart").send_keys(Keys.END)
        value = page.get(".bar-chart").get_attribute("aria-valuetext").split(": ")[1]
        assert float(value.replace("−", "-")) == pytest.approx(y[3], rel=1e-3)


def test_a_busy_server_is_asked_again_and_an_error_can_be_retried(page, viewer):
    page.open(viewer.url)
    page.js("""
        const real = window.fetch;
        window.answers = [];
        window.fetch = (...args) => {
          const next = args[0].includes("/api/view/") && window.answers.shift();
          return next ? Promise.resolve(new Response(...next)) : real(...args);
        };
        const busy = [null, {status: 503, headers: {"Retry-After": "0.05"}}];
        const failed = ['{"error": {"message": "It did not work."}}', {status: 500}];
        window.answers.push(busy, busy);
        window.failed = failed;
    """)
    page.layer("pool")
    assert len(page.all("#grid canvas")) == 16
    page.js("window.answers.push(window.failed)")
    page.node("pool_2").click()
    page.until("return !document.querySelector('#maps-problem').hidden")
    assert "It did not work." in page.text("#maps-problem")
    page.click("#maps-problem .link")
    page.until("return document.querySelectorAll('#grid canvas').length === 32")
    assert not page.get("#maps-problem").is_displayed()


def test_a_live_page_follows_the_epochs(page, tmp_path):
    write_images(tmp_path)
    x, y = (part[::4] for part in examples())
    model = convnet()
    model.compile("adam", "sparse_categorical_crossentropy")
    live = keras.callbacks.Quiver(tmp_path, classes=CLASSES, port=0, open_browser=False)
    turn = threading.Semaphore(0)
    wait = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: turn.acquire(timeout=60))
    fit = threading.Thread(
        target=model.fit, args=(x, y), kwargs={"epochs": 3, "verbose": 0, "callbacks": [live, wait]}
    )
    fit.start()
    try:
        while not live.url and fit.is_alive():
            time.sleep(0.01)
        page.open(live.url)
        top = "return Number(document.querySelector('#epoch').max)"
        page.until("return document.querySelector('#epoch-label').textContent.includes('1')")
        first = page.js(top)
        page.image("china.jpg")
        turn.release()
        page.until(f"{top} > {first}")  # it asks for itself
        turn.release(2)
        fit.join(60)
        page.until(f"{top} === {first + 2}")
        page.settle()
        page.choose("#colours", "grey")
        last, label = page.pixels("#grid canvas"), page.text("#epoch-label")
        page.get("#epoch").send_keys(Keys.HOME)
        page.until(
            "return document.querySelector('#epoch-label').textContent !== arguments[0]", label
        )
        page.settle()
        assert (page.pixels("#grid canvas") != last).any()
        page.click("#play")
        page.until(
            "return document.querySelector('#epoch-label').textContent === arguments[0]", label
        )
        page.settle()
        np.testing.assert_array_equal(page.pixels("#grid canvas"), last)
        page.get("#compare").send_keys("epoch")
        page.driver.get("about:blank")
    finally:
        turn.release(3)
        fit.join(60)
        live.close()
