"""Make the pictures of docs/quiver again: python tests/quiver/screenshots.py [folder]."""

import io
import sys
import tempfile
from pathlib import Path

import torch
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from quiver_page import CLASSES, chromium, convnet, examples, resize, scheme, trained, write_images  # noqa: E402  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

import torchkeras as keras  # noqa: E402
from torchkeras.quiver import launch  # noqa: E402

DONE = """
    return getComputedStyle(document.querySelector("main")).opacity === "1"
      && !document.querySelector("#maps.waiting, [aria-busy=true]")
      && document.querySelector(".prediction") && document.querySelector("#grid canvas")
      && [...document.images].every((image) => image.complete)
"""

POINT = """
    const canvas = document.querySelector("#zoom-main canvas");
    const {left, top, width, height} = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new PointerEvent(
      "pointermove", {clientX: left + width * .45, clientY: top + height * .3}));
"""


class Camera:
    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder

    def open(self, url, *steps, width=1400, height=900, theme="light"):
        resize(self.driver, width, height)
        scheme(self.driver, theme)
        self.driver.get("about:blank")
        self.driver.get(url)
        self.wait()
        for step in steps:
            self.driver.execute_script(step)
            self.wait()

    def wait(self):
        self.driver.execute_async_script("setTimeout(arguments[0], 600)")  # bars have grown
        WebDriverWait(self.driver, 60).until(lambda d: d.execute_script(DONE))

    def shoot(self, name):
        picture = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        small = picture.quantize(256, dither=Image.Dither.NONE)
        small.save(self.folder / f"{name}.png", optimize=True)


def fold(name):
    return f"""
        document.querySelector('[data-name="{name}"] .fold')
          .dispatchEvent(new MouseEvent("click", {{bubbles: true}}))
    """


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    before, model = trained("dense")
    with tempfile.TemporaryDirectory() as images, chromium() as driver:
        write_images(Path(images))
        for hostile in Path(images).glob("<*"):
            hostile.unlink()
        camera = Camera(driver, folder)
        options = {"input_folder": images, "port": 0, "open_browser": False, "classes": CLASSES}
        labels = {"before training": before}
        with launch(model, block=False, checkpoints=labels, **options) as viewer:
            ids = camera_ids(camera, viewer.url)
            photo, flower = ids["china.jpg"], ids["flower.jpg"]
            layer = {n: i for n, i in ids.items() if i.startswith("n")}
            camera.open(f"{viewer.url}#image={flower}&layer={layer['conv']}")
            camera.shoot("overview")
            look = f"image={flower}&layer={layer['conv_last']}&explain=gradcam"
            camera.open(f"{viewer.url}#{look}", fold("features"))
            camera.shoot("gradcam")
            look = f"image={photo}&layer={layer['conv']}&with=checkpoint:1"
            camera.open(f"{viewer.url}#{look}")
            camera.shoot("compare")
            camera.open(
                f"{viewer.url}#image={photo}&layer={layer['conv_a']}&explain=saliency",
                "document.querySelectorAll('.tile')[9].click()",
                POINT,
                theme="dark",
            )
            camera.shoot("dark")
            look = f"image={flower}&layer={layer['conv_last']}&explain=gradcam"
            camera.open(f"{viewer.url}#{look}", width=360, height=740)
            camera.shoot("phone")
        live = keras.callbacks.Quiver(**options)
        x, y = examples()
        student = convnet("dense")
        student.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
        student.fit(x[::2], y[::2], batch_size=40, epochs=8, verbose=0, callbacks=[live])
        camera.open(
            f"{live.url}#image={photo}&layer={layer['conv_last']}",
            "const e = document.querySelector('#epoch'); e.value = 5;"
            "e.dispatchEvent(new Event('input'))",
        )
        camera.shoot("live")
        live.close()


def camera_ids(camera: Camera, url: str) -> dict[str, str]:
    """The ids of the images and the layers by their names."""
    camera.driver.get(url)
    ask = """
        const [path, done] = arguments;
        fetch(path).then((r) => r.json()).then(done);
    """
    images = camera.driver.execute_async_script(ask, "api/images")
    graph = camera.driver.execute_async_script(ask, "api/graph/0")
    return {one["name"]: one["id"] for one in [*images, *graph["nodes"]]}


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/quiver")
