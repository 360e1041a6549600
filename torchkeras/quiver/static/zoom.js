// One map, large: the true value under the pointer, statistics, the weights that made it.

import { api } from "./api.js";
import { curve, histogram, range } from "./charts.js";
import { paintValues, span } from "./colormap.js";
import { $, h, number, percent, problem, shape } from "./dom.js";
import { loadValues } from "./tiles.js";

const LETTERS = ["A", "B"];

function described(values) {
  let [low, high, sum, dead] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    dead += value === 0;
  }
  const mean = sum / values.length;
  let square = 0;
  for (const value of values) square += (value - mean) ** 2;
  const deviation = Math.sqrt(square / values.length);
  return [
    ["min", number(low)], ["max", number(high)], ["mean", number(mean)],
    ["deviation", number(deviation)], ["dead", percent(dead / values.length)],
  ];
}

function table(lists) {
  const names = lists[0].map(([name]) => name);
  const head = lists.length > 1 ? [h("thead", {}, h("tr", {}, h("td"), ...lists.map((_, k) => h("th", { scope: "col", text: LETTERS[k] }))))] : [];
  const rows = names.map((name, row) =>
    h("tr", {}, h("th", { scope: "row", text: name }), ...lists.map((list) => h("td", { text: list[row][1] }))));
  return h("table", { class: "stats" }, ...head, h("tbody", {}, ...rows));
}

class Zoom {
  open(about) {
    this.about = about;
    this.place = about.place;
    this.cursor = null;
    if (!this.dialog) this.start();
    $("#zoom-steps").hidden = !about.order || about.order.length < 2;
    this.dialog.showModal();
    this.load();
  }

  start() {
    this.dialog = $("#zoom");
    $("#zoom-close").addEventListener("click", () => this.dialog.close());
    $("#zoom-before").addEventListener("click", () => this.step(-1));
    $("#zoom-after").addEventListener("click", () => this.step(1));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.going?.abort();
      this.about.back?.(this.index);
    });
    this.dialog.addEventListener("keydown", (event) => this.key(event));
  }

  get index() {
    const { order } = this.about;
    return order ? order[this.place] : this.place;
  }

  step(by) {
    const { order } = this.about;
    if (!order) return;
    this.place = (this.place + by + order.length) % order.length;
    this.load();
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!event.shiftKey) {
      this.step(way[0] + way[1]);
      return;
    }
    const { width, height } = this.about.views[0];
    const [x, y] = this.cursor ?? [Math.floor(width / 2), Math.floor(height / 2)];
    this.point(Math.min(width - 1, Math.max(0, x + way[0])), Math.min(height - 1, Math.max(0, y + way[1])));
  }

  async load() {
    this.going?.abort();
    const mine = new AbortController();
    this.going = mine;
    const { sides, views, kind, values } = this.about;
    const view = views[0];
    const item = kind === "bars" ? "unit" : view.item;
    const name = kind === "bars" && view.labels?.[this.index] ? `${view.labels[this.index]} (${item} ${this.index})` : `${item} ${this.index}`;
    $("#zoom-title").textContent = name;
    $("#zoom-layer").textContent = `${view.name}${kind === "bars" ? "" : ` · ${view.height > 1 ? `${view.height} × ` : ""}${view.width}`}`;
    $("#zoom-count").textContent = this.about.order ? `${this.place + 1} / ${this.about.order.length}` : "";
    problem($("#zoom-problem"), null);
    this.weights(mine);
    if (kind === "bars") {
      $("#zoom-main").replaceChildren();
      $("#zoom-read").classList.remove("idle");
      $("#zoom-read").textContent = values.map((list) => number(list[this.index])).join("  vs  ");
      $("#zoom-stats").replaceChildren();
      $("#zoom-histogram").hidden = true;
      return;
    }
    $("#zoom-histogram").hidden = false;
    try {
      this.values = await Promise.all(sides.map((side) => loadValues(side, this.index, mine.signal)));
      if (this.going === mine) this.draw();
    } catch (error) {
      if (error.name !== "AbortError" && this.going === mine) problem($("#zoom-problem"), error, () => this.load());
    }
  }

  draw() {
    const { views, kind, colours } = this.about;
    const { width, height } = views[0];
    const main = $("#zoom-main");
    main.replaceChildren();
    this.crosses = [];
    if (kind === "curves") {
      const canvas = h("canvas", { class: "curve large" });
      main.append(canvas);
      curve(canvas, this.values, { cursor: () => this.cursor?.[0] ?? null });
      this.follow(canvas, width, 1, 10);
      canvas.redraw();
      this.repaint = () => canvas.redraw();
    } else {
      const limits = span(colours, ...range(this.values));
      this.values.forEach((values, side) => {
        const canvas = h("canvas", { class: "map large", width, height, role: "img", "aria-label": $("#zoom-title").textContent });
        const context = canvas.getContext("2d", { willReadFrequently: true });
        const image = context.createImageData(width, height);
        paintValues(image, values, colours, limits);
        context.putImageData(image, 0, 0);
        const cross = h("span", { class: "cross", hidden: true });
        const ratio = kind === "maps" ? width / height : Math.min(3, Math.max(0.6, width / height));
        const frame = h("figure", { class: "large-map" }, canvas, cross);
        frame.style.aspectRatio = ratio;
        frame.style.width = `min(100%, ${(58 * ratio).toFixed(2)}vh)`;
        if (this.values.length > 1) frame.append(h("figcaption", { class: "letter", text: LETTERS[side] }));
        this.crosses.push(cross);
        this.follow(canvas, width, height, 0);
        main.append(frame);
      });
      this.repaint = () => this.mark();
    }
    main.classList.toggle("paired", this.values.length > 1 && kind !== "curves");
    $("#zoom-stats").replaceChildren(table(this.values.map(described)));
    histogram($("#zoom-histogram"), this.values);
    $("#zoom-histogram").redraw();
    if (this.cursor) this.point(...this.cursor);
    $("#zoom-read").classList.toggle("idle", !this.cursor);
    if (!this.cursor) $("#zoom-read").textContent = "Move over the picture to read its values.";
  }

  follow(canvas, width, height, pad) {
    const move = (event) => {
      const box = canvas.getBoundingClientRect();
      const steps = pad ? width - 1 : width;
      const x = ((event.clientX - box.left - pad) / (box.width - 2 * pad)) * steps;
      const y = ((event.clientY - box.top) / box.height) * height;
      const near = pad ? Math.round(x) : Math.floor(x);
      this.point(Math.min(width - 1, Math.max(0, near)), Math.min(height - 1, Math.max(0, Math.floor(y))));
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerdown", move);
  }

  point(x, y) {
    const { views } = this.about;
    const view = views[0];
    this.cursor = [x, y];
    $("#zoom-read").classList.remove("idle");
    const where = view.height > 1 ? `${view.y ?? "y"} ${y}, ${view.x ?? "x"} ${x}` : `${view.x ?? "x"} ${x}`;
    const read = this.values.map((values) => number(values[y * view.width + x])).join("  vs  ");
    $("#zoom-read").textContent = `${where}:  ${read}`;
    this.repaint?.();
  }

  mark() {
    const { width, height } = this.about.views[0];
    for (const cross of this.crosses) {
      cross.hidden = !this.cursor;
      if (!this.cursor) continue;
      const [x, y] = this.cursor;
      cross.style.left = `${(x / width) * 100}%`;
      cross.style.top = `${(y / height) * 100}%`;
      cross.style.width = `${100 / width}%`;
      cross.style.height = `${100 / height}%`;
    }
  }

  /** The weights behind the map; of two checkpoints both, on one scale. */
  async weights(mine) {
    const { sides, views } = this.about;
    const part = $("#zoom-kernel");
    part.hidden = !views[0].kernel;
    if (part.hidden) return;
    const two = sides.length > 1 && sides[0].checkpoint !== sides[1].checkpoint;
    try {
      const loaded = two ? sides : sides.slice(0, 1);
      const kernels = await Promise.all(loaded.map((side) => api.kernel(side, this.index, mine.signal)));
      if (this.going !== mine) return;
      const limits = span("diverging", ...range(kernels.map(({ min, max }) => [min, max])));
      part.replaceChildren(...kernels.map((kernel, k) => kernelOf(two ? `Weights of ${LETTERS[k]}` : "Weights", kernel, limits)));
    } catch (error) {
      if (error.name === "AbortError" || this.going !== mine) return;
      part.hidden = error.status === 404;
      part.replaceChildren(h("p", { class: "hint", text: error.message }));
    }
  }
}

function kernelOf(title, kernel, limits) {
  const canvas = h("canvas", { class: "map", role: "img" });
  const read = h("p", { class: "hint" });
  drawKernel(canvas, kernel, limits, (text) => (read.textContent = text));
  return h("section", { class: "kernel" }, h("h3", { text: title }), canvas, read);
}

/** Small tiles on a scale with zero in the middle; the cell under the pointer is read out. */
function drawKernel(canvas, kernel, limits, read) {
  let { count, height, width } = kernel;
  const plain = count === 1 && height === 1; // one long vector: wrapped into rows
  const total = plain ? width : count;
  const columns = plain ? Math.min(width, Math.max(8, Math.ceil(Math.sqrt(width * 2)))) : Math.min(count, Math.max(1, Math.ceil(Math.sqrt((count * height * 1.6) / width))));
  if (plain) [count, width] = [width, 1];
  const gap = plain || width * height === 1 ? 0 : 1;
  const rows = Math.ceil(total / columns);
  canvas.width = columns * (width + gap) - gap;
  canvas.height = rows * (height + gap) - gap;
  const cell = Math.max(2, Math.min(14, Math.floor(300 / canvas.width)));
  canvas.style.width = `${canvas.width * cell}px`;
  canvas.style.aspectRatio = canvas.width / canvas.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, canvas.width, canvas.height);
  const area = width * height;
  const known = Math.min(total, Math.floor(kernel.values.length / area));
  for (let k = 0; k < known; k += 1) {
    const image = context.createImageData(width, height);
    paintValues(image, kernel.values.slice(k * area, (k + 1) * area), "diverging", limits);
    context.putImageData(image, (k % columns) * (width + gap), Math.floor(k / columns) * (height + gap));
  }
  const about = [
    `${kernel.kind} ${shape([null, ...kernel.shape])}`,
    `${number(kernel.min)} … ${number(kernel.max)}`,
    kernel.bias === null ? "" : `bias ${number(kernel.bias)}`,
    known < total ? `first ${known} of ${total} inputs` : "",
  ].filter(Boolean).join(" · ");
  read(about);
  canvas.setAttribute("aria-label", about);
  canvas.onpointerleave = () => read(about);
  canvas.onpointermove = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    const [dx, dy] = [x % (width + gap), y % (height + gap)];
    const tile = Math.floor(y / (height + gap)) * columns + Math.floor(x / (width + gap));
    if (dx >= width || dy >= height || tile >= known) return;
    const value = number(kernel.values[tile * area + dy * width + dx]);
    read(area > 1 ? `input ${tile}, y ${dy}, x ${dx}: ${value}` : `input ${tile}: ${value}`);
  };
}

export const zoom = new Zoom();
