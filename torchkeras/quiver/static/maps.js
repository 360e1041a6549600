// The chosen layer: what it is, its statistics, its maps, curves or bars.

import { bars } from "./charts.js";
import { paintKey } from "./colormap.js";
import { $, count, h, number, percent, problem, shape } from "./dom.js";
import { Grid, SORTS } from "./grid.js";
import { get, nodeOf, on, sides } from "./state.js";
import { loadTiles, loadValues, loadView } from "./tiles.js";
import { zoom } from "./zoom.js";

const options = { size: 96, scale: "map", sort: "index", colours: "viridis", auto: true };
const MOST = 420;
const NAMES = { index: "index", mean: "highest mean", max: "highest max", live: "most alive", dead: "most dead", difference: "difference" };

let going = null;
let shown = null;
let grid = null;

/** A tile size with which all maps are in sight, if they stay recognisable. */
function comfortable(view, pairs) {
  const body = $("#maps-body");
  const width = body.clientWidth - 8;
  const height = Math.max(280, body.clientHeight - 8);
  if (view.kind === "timeline") {
    const ratio = Math.min(3, Math.max(0.6, view.width / view.height));
    return Math.max(240, Math.min(width / pairs - 6, (height - 40) * ratio));
  }
  if (view.kind === "curves") return Math.min(MOST, Math.max(150, Math.sqrt((width * height) / view.count)));
  const ratio = view.height / view.width;
  const least = view.kind === "scores" ? 120 : 56;
  let best = least;
  for (let size = least; size <= 220; size += 4) {
    const columns = Math.floor(width / (size * pairs + 10));
    const rows = Math.ceil(view.count / Math.max(1, columns));
    if (columns >= 1 && rows * (size * ratio + 30) <= height) best = size;
  }
  return Math.min(best, width / pairs - 6);
}

function chip(text, title) {
  return h("span", { class: "chip", text, title });
}

function head(node, view) {
  $("#layer-name").textContent = node.name;
  const facts = [chip(node.class, "class")];
  if (node.shape) facts.push(chip(shape(node.shape), "output shape"));
  if (node.params) {
    facts.push(chip(`${count(node.params)} params`, `${number(node.params)} parameters`));
    if (node.trainable < node.params) facts.push(chip(node.trainable ? `${count(node.trainable)} trainable` : "frozen"));
  }
  if (view && view.kind === "bars") facts.push(chip(`${view.width} values`));
  else if (view && view.kind !== "timeline") facts.push(chip(`${view.count} ${view.item}${view.count === 1 ? "" : "s"}`));
  $("#layer-facts").replaceChildren(...facts);
}

function stat(name, values) {
  return h("div", {}, h("dt", { text: name }), ...values.map((value) => h("dd", { text: value })));
}

function statistics(views) {
  const all = views.map((view) => view.stats);
  const rows = [["min", "min"], ["max", "max"], ["mean", "mean"], ["std", "deviation"]];
  const list = rows.map(([key, name]) => stat(name, all.map((one) => number(one[key]))));
  list.push(stat("dead", all.map((one) => percent(one.dead))));
  $("#layer-stats").replaceChildren(...list);
}

function tools(view) {
  const tiled = view && view.kind !== "bars";
  const coloured = tiled && view.kind !== "curves";
  $("#tools").hidden = !tiled;
  $("#colours-field").hidden = $("#key").hidden = !coloured;
  $("#sort-field").hidden = $("#scale-field").hidden = !tiled || view.count < 2;
  $("#sort-difference").hidden = $("#sort-difference").disabled = !get().other;
  if (options.sort === "difference" && !get().other) options.sort = $("#sort").value = "index";
  if (!tiled) return;
  const axes = [view.x && `→ ${view.x}`, view.y && `↓ ${view.y}`].filter(Boolean).join("  ");
  $("#axes").textContent = view.kind === "maps" ? "" : axes;
}

function showBars(views, values) {
  const zoomed = views[0].kernel
    ? (at) => zoom.open({ sides: sides(), views, values, kind: "bars", colours: options.colours, order: null, place: at })
    : null;
  const labels = views[0].labels;
  $("#bars").replaceChildren(bars(values, { labels, pick: zoomed, label: views[0].item === "map" ? "unit" : views[0].item }));
}

async function load(pair, signal) {
  const views = await Promise.all(pair.map((side) => loadView(side, signal)));
  const { kind } = views[0];
  const out = { views, kind };
  if (kind === "bars") {
    out.values = await Promise.all(
      views.map((view, k) => view.values ?? loadValues(pair[k], null, signal)),
    );
  } else if (kind === "curves") {
    out.values = await Promise.all(pair.map((side) => loadValues(side, null, signal)));
  } else if (kind !== "none") {
    // Two sides share one scale, so both come at the full precision of their own.
    out.scale = pair.length > 1 ? "map" : options.scale;
    out.pictures = await Promise.all(pair.map((side) => loadTiles(side, out.scale, signal)));
  }
  return out;
}

function empty(text) {
  shown = null;
  grid.clear();
  $("#bars").replaceChildren();
  $("#layer-stats").replaceChildren();
  tools(null);
  $("#maps-empty").textContent = text;
  $("#maps-empty").hidden = !text;
}

async function refresh() {
  going?.abort();
  const { node: id, image, graph } = get();
  const node = graph && nodeOf(id);
  const panel = $("#maps");
  problem($("#maps-problem"), null);
  if (!node) {
    $("#layer-name").textContent = "";
    $("#layer-facts").replaceChildren();
    panel.classList.remove("waiting");
    return empty(graph ? "Choose a layer of the model to see what it makes of the image." : "");
  }
  if (node.view === "none" || !image) {
    head(node, null);
    panel.classList.remove("waiting");
    return empty(image ? "The output of this layer is no array to look at." : "Choose or upload an image first.");
  }
  const mine = new AbortController();
  going = mine;
  panel.classList.add("waiting");
  try {
    const loaded = await load(sides(), mine.signal);
    if (going !== mine) return;
    const fresh = !shown || shown.views[0].node !== id || shown.views.length !== loaded.views.length;
    shown = loaded;
    draw(node, fresh);
  } catch (error) {
    if (error.name === "AbortError" || going !== mine) return;
    head(node, null);
    empty("");
    problem($("#maps-problem"), error, refresh);
  }
  panel.classList.remove("waiting");
}

function draw(node, fresh) {
  const view = shown.views[0];
  const pairs = shown.views.length;
  head(node, view);
  statistics(shown.views);
  tools(view);
  $("#maps-empty").hidden = true;
  $("#maps-read").textContent = "";
  if (shown.kind === "bars") {
    grid.clear();
    showBars(shown.views, shown.values);
    return;
  }
  $("#bars").replaceChildren();
  if (shown.kind === "none") {
    grid.clear();
    return;
  }
  const slider = $("#size");
  slider.max = shown.kind === "timeline" ? 1600 : MOST;
  if (fresh && (options.auto || view.kind === "timeline")) options.size = comfortable(view, pairs);
  slider.value = options.size;
  if (fresh) $("#maps-body").scrollTop = 0;
  grid.show(shown, options);
  showKey();
}

function showKey() {
  paintKey($("#key canvas"), options.colours);
  const own = options.scale === "map" && shown.views[0].count > 1;
  const { stats } = shown.views[0];
  const reach = Math.max(Math.abs(stats.min), Math.abs(stats.max));
  const [low, high] = options.colours === "diverging" ? [-reach, reach] : [stats.min, stats.max];
  // Each map on its own scale: the ends have no number.
  $("#key-low").textContent = own ? "" : number(low);
  $("#key-high").textContent = own ? "" : number(high);
}

function again() {
  if (shown && shown.kind !== "bars" && shown.kind !== "none") {
    grid.show(shown, options);
    showKey();
  }
}

export function startMaps() {
  grid = new Grid($("#grid"), {
    zoom: (order, place, back) =>
      zoom.open({ ...shown, sides: sides(), colours: options.colours, order, place, back }),
    read: (text) => ($("#maps-read").textContent = text),
  });
  $("#size").addEventListener("input", (event) => {
    options.size = Number(event.target.value);
    options.auto = false;
    again();
  });
  $("#colours").addEventListener("change", (event) => {
    options.colours = event.target.value;
    again();
  });
  $("#scale").addEventListener("change", (event) => {
    options.scale = event.target.value;
    refresh(); // other bytes are needed
  });
  const sort = $("#sort");
  for (const key of [...Object.keys(SORTS), "difference"]) {
    sort.append(h("option", { value: key, text: NAMES[key], id: key === "difference" ? "sort-difference" : null }));
  }
  sort.addEventListener("change", () => {
    options.sort = sort.value;
    again();
  });
  on(["graph", "node", "image", "checkpoint", "other"], refresh);
}
