// Maps as a grid of small canvases; when comparing, both sides of a map stand together.

import { curve, range } from "./charts.js";
import { paintBytes, span } from "./colormap.js";
import { h, number, percent } from "./dom.js";
import { cut } from "./tiles.js";

const BUDGET = 9; // ms of painting a frame
export const SORTS = {
  index: null,
  mean: (map) => -map.mean,
  max: (map) => -map.max,
  live: (map) => map.dead,
  dead: (map) => -map.dead,
};

/** Values of a map in words. */
export function told(map) {
  const dead = map.dead === null || map.dead === undefined ? "" : `, ${percent(map.dead)} dead`;
  return `min ${number(map.min)}, max ${number(map.max)}, mean ${number(map.mean)}${dead}`;
}

export class Grid {
  constructor(place, { zoom, read }) {
    this.place = place;
    this.zoom = zoom;
    this.read = read;
    this.tiles = [];
    this.order = [];
    this.work = 0;
    place.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (tile) this.open(tile);
    });
    for (const kind of ["pointerover", "focusin"]) {
      place.addEventListener(kind, (event) => {
        const tile = event.target.closest(".tile");
        if (tile) this.tell(Number(tile.dataset.index));
      });
    }
    place.addEventListener("keydown", (event) => this.key(event));
  }

  /** shown: {views: [view] or [a, b], pictures or values per side, kind}; options: see maps.js */
  show(shown, options) {
    const view = shown.views[0];
    const same =
      this.shown && this.tiles.length === view.count && this.shown.kind === shown.kind &&
      this.shown.views.length === shown.views.length && this.shown.views[0].node === view.node &&
      this.shown.views[0].width === view.width && this.shown.views[0].height === view.height;
    this.shown = shown;
    this.options = options;
    if (!same) this.build(view);
    this.place.setAttribute("aria-label", `${view.count} ${view.item}s of ${view.name}`);
    this.size(options.size);
    this.sort(options.sort);
    this.paint();
  }

  clear() {
    cancelAnimationFrame(this.work);
    this.shown = null;
    this.place.setAttribute("aria-busy", "false");
    this.tiles = [];
    this.place.replaceChildren();
  }

  build(view) {
    const { kind, views } = this.shown;
    const canvases = kind === "curves" ? 1 : views.length;
    this.tiles = Array.from({ length: view.count }, (_, index) => {
      const pictures = Array.from({ length: canvases }, () => {
        const canvas = h("canvas", { class: kind === "curves" ? "curve" : "map" });
        if (kind === "curves") return canvas;
        canvas.width = view.width;
        canvas.height = view.height;
        // Cells of a table of numbers need not be square; pixels of an image must be.
        const ratio = view.width / view.height;
        if (kind !== "maps") canvas.style.aspectRatio = Math.min(3, Math.max(0.6, ratio));
        return canvas;
      });
      const caption = h("span", { class: "cap" }, h("b", { text: index }), h("span", { class: "more" }));
      return h(
        "button",
        { type: "button", class: "tile", role: "option", tabindex: -1, data: { index } },
        h("span", { class: "pair" }, ...pictures),
        caption,
      );
    });
    this.place.classList.toggle("paired", canvases > 1);
    this.order = [];
  }

  size(size) {
    const { kind, views } = this.shown;
    const wide = views.length > 1 && kind !== "curves" ? 2 * size + 3 : size;
    this.wide = wide;
    this.place.style.setProperty("--tile", `${wide}px`);
    this.place.dataset.caption = wide >= 112 ? "full" : wide >= 52 ? "index" : "none";
    const real = size * (devicePixelRatio || 1);
    this.place.classList.toggle("shrunk", real < views[0].width);
  }

  sort(name) {
    const { maps } = this.shown.views[0];
    const keys = name === "difference" ? this.differences() : SORTS[name] && maps.map(SORTS[name]);
    const order = [...this.tiles.keys()];
    if (keys) order.sort((a, b) => keys[a] - keys[b] || a - b);
    if (order.length === this.order.length && order.every((one, k) => one === this.order[k])) return;
    this.order = order;
    this.place.replaceChildren(...order.map((index) => this.tiles[index]));
    for (const tile of this.tiles) tile.tabIndex = -1;
    if (order.length) this.tiles[order[0]].tabIndex = 0;
  }

  /** Minus the mean distance of both sides, map by map. */
  differences() {
    const { views, pictures, values } = this.shown;
    if (views.length < 2) return null;
    const length = views[0].width * views[0].height;
    return this.tiles.map((_, index) => {
      const [a, b] = views.map((view, side) => {
        if (values) return values[side].subarray(index * length, (index + 1) * length);
        const { min, max } = view.maps[index];
        return Float32Array.from(cut(pictures[side], view, index), (byte) => min + (byte / 255) * (max - min));
      });
      let sum = 0;
      for (let k = 0; k < length; k += 1) sum += Math.abs(a[k] - b[k]);
      return -sum;
    });
  }

  /** What the bytes of a map stand for, and the scale that it is shown on. */
  ranges(side, index) {
    const { views } = this.shown;
    const { scale, colours } = this.options;
    const limits = (one) => [one.min, one.max];
    const whole = scale === "layer";
    const pick = (view) => limits(whole ? view.stats : view.maps[index]);
    const own = views.length > 1 ? limits(views[side].maps[index]) : pick(views[side]);
    const shown = range(views.map(pick)); // both sides on one scale
    return [own, span(colours, ...shown)];
  }

  paint() {
    cancelAnimationFrame(this.work);
    const { kind } = this.shown;
    const rest = [...this.order];
    this.place.setAttribute("aria-busy", "true");
    const step = () => {
      const start = performance.now();
      while (rest.length && performance.now() - start < BUDGET) {
        const index = rest.shift();
        if (kind === "curves") this.paintCurve(index);
        else this.paintMap(index);
        this.label(index);
      }
      if (rest.length) this.work = requestAnimationFrame(step);
      else this.place.setAttribute("aria-busy", "false");
    };
    step();
  }

  paintMap(index) {
    const { views, pictures } = this.shown;
    const canvases = this.tiles[index].querySelectorAll("canvas");
    views.forEach((view, side) => {
      const context = canvases[side].getContext("2d", { willReadFrequently: true });
      const image = context.createImageData(view.width, view.height);
      paintBytes(image, cut(pictures[side], view, index), this.options.colours, ...this.ranges(side, index));
      context.putImageData(image, 0, 0);
    });
  }

  paintCurve(index) {
    const { views, values } = this.shown;
    const { width } = views[0];
    const series = values.map((all) => all.subarray(index * width, (index + 1) * width));
    const bounds = this.options.scale === "layer" ? range(values) : undefined;
    const canvas = this.tiles[index].querySelector("canvas");
    curve(canvas, series, { bounds, thin: true });
    canvas.redraw();
  }

  label(index) {
    const { views } = this.shown;
    const tile = this.tiles[index];
    const map = views[0].maps[index];
    tile.classList.toggle("dead", views.every((view) => view.maps[index].dead === 1));
    const dead = map.dead && this.wide >= 190 ? ` · ${percent(map.dead)} dead` : "";
    tile.querySelector(".more").textContent =
      views.length > 1
        ? views.map((view) => `⌀ ${number(view.maps[index].mean, 3)}`).join(" | ")
        : `${number(map.min, 3)} … ${number(map.max, 3)}${dead}`;
    tile.setAttribute("aria-label", this.text(index));
  }

  text(index) {
    const { views } = this.shown;
    const all = views.map((view) => told(view.maps[index])).join("  |  ");
    return `${views[0].item} ${index}: ${all}`;
  }

  tell(index) {
    if (this.shown) this.read(this.text(index));
  }

  open(tile) {
    const index = Number(tile.dataset.index);
    this.zoom(this.order, this.order.indexOf(index), (last) => this.focus(last));
  }

  focus(index) {
    const tile = this.tiles[index];
    if (!tile) return;
    for (const one of this.tiles) one.tabIndex = one === tile ? 0 : -1;
    tile.focus();
  }

  key(event) {
    const tile = event.target.closest(".tile");
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
    const place = this.order.indexOf(Number(tile.dataset.index));
    const columns = getComputedStyle(this.place).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const last = this.order.length - 1;
    const to = event.key === "Home" ? 0 : event.key === "End" ? last : step ? place + step : null;
    if (to === null) return;
    event.preventDefault();
    if (to >= 0 && to <= last) this.focus(this.order[to]);
  }
}
