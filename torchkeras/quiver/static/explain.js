// The image itself, and over it where the model looks: Grad-CAM of the chosen layer, or saliency.

import { api } from "./api.js";
import { paintHeat } from "./colormap.js";
import { $, fillSelect, h, number, percent, problem } from "./dom.js";
import { checkpointOf, get, imageOf, nodeOf, on, set, sides } from "./state.js";
import { greyPixels } from "./tiles.js";

const PICTURE = 512; // px asked for
let going = null;

/** Grad-CAM needs maps: the chosen layer, or else the last one that has them. */
function explainable() {
  const { graph, node } = get();
  if (!graph) return null;
  const chosen = nodeOf(node);
  return chosen?.explain ? chosen : (graph.nodes.findLast((one) => one.explain && one.kind !== "group") ?? null);
}

function clear(side) {
  const canvas = $(`#heat-${side}`);
  canvas.hidden = true;
  canvas.width = canvas.height = 1;
  $(`#heat-text-${side}`).textContent = "";
}

async function overlay(pair, k, options, signal) {
  const letter = "ab"[k];
  const [about, picture] = await Promise.all([
    api.explain(pair, options, signal),
    api.heat(pair, options, signal).then(greyPixels),
  ]);
  if (signal.aborted) return;
  const canvas = $(`#heat-${letter}`);
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext("2d", { willReadFrequently: true }); // small, and drawn once
  const image = context.createImageData(picture.width, picture.height);
  paintHeat(image, picture.bytes, "inferno");
  context.putImageData(image, 0, 0);
  canvas.hidden = false;
  canvas.dataset.class = about.class.index;
  const output = get().session.outputs.find((one) => one.index === options.output);
  const score = output?.kind === "classes" ? percent(about.score) : number(about.score);
  $(`#heat-text-${letter}`).textContent = `${about.class.label} · ${score}`;
}

async function refresh() {
  going?.abort();
  const { image, checkpoint, method, output, target, graph } = get();
  problem($("#explain-problem"), null);
  $("#explain-more").hidden = method === "none";
  for (const button of document.querySelectorAll("#method button")) {
    button.setAttribute("aria-pressed", String(button.value === method));
  }
  const layer = explainable();
  const chosen = nodeOf(get().node);
  $("#explain-layer").textContent =
    method !== "gradcam" || !layer ? "" : layer === chosen ? `at ${layer.name}` : `at ${layer.name}, the last layer with maps`;
  if (method === "none" || !image || checkpoint === null || !graph) {
    clear("a");
    clear("b");
    $("#sides").setAttribute("aria-busy", "false");
    return;
  }
  if (method === "gradcam" && !layer) {
    clear("a");
    clear("b");
    problem($("#explain-problem"), new Error("This model has no layer with maps; saliency works without."));
    return;
  }
  const mine = new AbortController();
  going = mine;
  $("#sides").setAttribute("aria-busy", "true");
  const node = (method === "gradcam" ? layer : graph.nodes[0]).id;
  const options = { method, output, class: target };
  try {
    const pairs = sides();
    await Promise.all(pairs.map((side, k) => overlay({ ...side, node }, k, options, mine.signal)));
    if (going === mine && pairs.length < 2) clear("b");
    if (going === mine) $("#sides").setAttribute("aria-busy", "false");
  } catch (error) {
    if (error.name === "AbortError" || going !== mine) return;
    $("#sides").setAttribute("aria-busy", "false");
    clear("a");
    clear("b");
    problem($("#explain-problem"), error, refresh);
  }
}

/** The top classes first, then all. */
function classes() {
  const { session, top, output, target } = get();
  const chosen = session.outputs.find((one) => one.index === output);
  if (!chosen) return;
  const best = top.find((one) => one.index === output)?.top ?? [];
  const percents = (one) => (chosen.kind === "classes" ? percent(one.value) : number(one.value));
  const select = $("#class");
  const units = Math.min(chosen.units ?? 0, 20000);
  const own = output === 0 && session.classes;
  const label = (k) => own?.[k] ?? `${chosen.kind === "classes" ? "class" : "unit"} ${k}`;
  fillSelect(select, [chosen, best, own], () => [
    h("option", { value: "", text: "the highest" }),
    h("optgroup", { label: "Top" }, ...best.map((one) => h("option", { value: one.index, text: `${one.label} · ${percents(one)}` }))),
    h("optgroup", { label: "All" }, ...Array.from({ length: units }, (_, k) => h("option", { value: k, text: label(k) }))),
  ]);
  select.value = target ?? "";
}

function stages() {
  const pairs = sides();
  const { other } = get();
  $("#sides").classList.toggle("paired", pairs.length > 1);
  $("#side-b").hidden = pairs.length < 2;
  ["a", "b"].forEach((letter, k) => {
    const side = pairs[k];
    const picture = $(`#picture-${letter}`);
    const image = side && imageOf(side.image);
    $(`#stage-${letter}`).hidden = !image;
    $(`#side-title-${letter}`).textContent = !image
      ? ""
      : other?.kind === "checkpoint" ? (checkpointOf(side.checkpoint)?.label ?? "") : image.name;
    if (!image) return;
    const source = api.picture(image.id, PICTURE);
    if (picture.src !== source) {
      picture.src = source;
      picture.alt = image.name;
      if (image.width) $(`#stage-${letter}`).style.aspectRatio = image.width / image.height;
    }
  });
}

export function startExplain() {
  for (const button of document.querySelectorAll("#method button")) {
    button.addEventListener("click", () => set({ method: button.value }));
  }
  $("#class").addEventListener("change", (event) =>
    set({ target: event.target.value === "" ? null : Number(event.target.value) }));
  $("#output").addEventListener("change", (event) => set({ output: Number(event.target.value), target: null }));
  const opacity = (value) => {
    for (const letter of ["a", "b"]) $(`#heat-${letter}`).style.opacity = value;
  };
  $("#opacity").addEventListener("input", (event) => opacity(event.target.value));
  opacity($("#opacity").value);
  on(["session"], ({ session }) => {
    $("#explain").hidden = session.input.kind !== "image" || !session.outputs.length;
    $("#output-field").hidden = session.outputs.length < 2;
    fillSelect($("#output"), session.outputs, () =>
      session.outputs.map((one) => h("option", { value: one.index, text: one.name })));
    $("#output").value = get().output;
  });
  on(["image", "checkpoint", "other", "images"], stages);
  on(["session", "top", "output", "target"], classes);
  on(["output"], ({ output }) => ($("#output").value = output));
  on(["image", "checkpoint", "other", "node", "method", "output", "target", "graph"], refresh);
}
