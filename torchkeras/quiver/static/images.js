// The strip of images: choosing, comparing, uploading.

import { api } from "./api.js";
import { $, debounce, h, percent } from "./dom.js";
import { get, on, set } from "./state.js";

const THUMB = 144; // px asked for; shown at half of it

function option(image) {
  const size = image.width ? `${image.width} × ${image.height}` : image.kind;
  return h(
    "button",
    {
      type: "button", class: "thumb", role: "option", tabindex: -1, data: { id: image.id },
      title: `${image.name}\n${size}`, "aria-label": image.name, "aria-selected": "false",
    },
    h("img", { src: api.picture(image.id, THUMB), alt: "", loading: "lazy", decoding: "async", draggable: "false" }),
    h("span", { class: "label", text: image.name }),
    h("span", { class: "badge", "aria-hidden": "true" }),
  );
}

function refill(strip, images) {
  const old = new Map([...strip.children].map((child) => [child.dataset.id, child]));
  strip.replaceChildren(...images.map((image) => old.get(image.id) ?? option(image)));
  $("#no-images").hidden = images.length > 0;
  mark(strip);
}

function mark(strip) {
  const { image, other } = get();
  let tabbed = false;
  for (const child of strip.children) {
    const chosen = child.dataset.id === image;
    const second = other?.kind === "image" && other.id === child.dataset.id;
    child.setAttribute("aria-selected", String(chosen));
    child.classList.toggle("second", second);
    $(".badge", child).textContent = other?.kind === "image" ? (chosen ? "A" : second ? "B" : "") : "";
    child.tabIndex = chosen ? 0 : -1;
    tabbed ||= chosen;
    if (chosen) child.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  if (!tabbed && strip.firstElementChild) strip.firstElementChild.tabIndex = 0;
}

const second = (id) => {
  const { other, image } = get();
  if (id === image) return;
  set({ other: other?.kind === "image" && other.id === id ? null : { kind: "image", id } });
};

/** Upload one after the other; the last good one is chosen. */
async function upload(files) {
  const bar = $("#upload-bar");
  const text = $("#upload-text");
  const refused = [];
  let last = null;
  $("#upload-state").hidden = false;
  $("#upload-state").classList.remove("bad");
  for (const [k, file] of files.entries()) {
    text.textContent = files.length > 1 ? `${k + 1} of ${files.length}: ${file.name}` : file.name;
    bar.value = 0;
    bar.hidden = false;
    try {
      last = await api.upload(file, (share) => {
        bar.value = share;
        text.title = percent(share);
      });
    } catch (error) {
      refused.push(`${file.name}: ${error.message}`);
    }
  }
  bar.hidden = true;
  if (last) {
    // An upload can push an older one out: the list is the server's.
    const images = await api.images().catch(() => [...get().images, last]);
    set({ images, image: last.id });
  }
  text.textContent = refused.join("  ");
  $("#upload-state").classList.toggle("bad", refused.length > 0);
  $("#upload-state").hidden = !refused.length;
}

function startDrop() {
  const veil = $("#drop");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") && get().session?.uploads;
  let depth = 0;
  const show = (on_) => veil.classList.toggle("on", on_);
  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    show(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    show(depth > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    show(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    upload([...event.dataTransfer.files]);
  });
}

export function startImages() {
  const strip = $("#images");
  const choose = debounce((id) => set({ image: id }), 90);
  strip.addEventListener("click", (event) => {
    const id = event.target.closest(".thumb")?.dataset.id;
    if (!id) return;
    if (event.shiftKey) second(id);
    else set({ image: id });
  });
  strip.addEventListener("keydown", (event) => {
    const thumb = event.target.closest(".thumb");
    if (!thumb || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = {
      ArrowRight: thumb.nextElementSibling, ArrowDown: thumb.nextElementSibling,
      ArrowLeft: thumb.previousElementSibling, ArrowUp: thumb.previousElementSibling,
      Home: strip.firstElementChild, End: strip.lastElementChild,
    };
    if (event.key in next) {
      const to = next[event.key];
      if (to) {
        to.focus();
        choose(to.dataset.id);
      }
    } else if (event.key === "c") second(thumb.dataset.id);
    else return;
    event.preventDefault();
  });
  const field = $("#file");
  field.addEventListener("change", () => {
    const files = [...field.files];
    field.value = "";
    if (files.length) upload(files);
  });
  $("#upload").addEventListener("click", () => field.click());
  $("#upload-close").addEventListener("click", () => ($("#upload-state").hidden = true));
  startDrop();
  on(["images"], ({ images }) => refill(strip, images));
  on(["image", "other"], () => mark(strip));
  on(["session"], ({ session }) => ($("#upload").hidden = !session.uploads));
}

