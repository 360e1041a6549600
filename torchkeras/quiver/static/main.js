// Start: the session, the images, what the address asks for; then every part looks after itself.

import { api } from "./api.js";
import { startCompare } from "./compare.js";
import { $, problem } from "./dom.js";
import { startEpochs, watch } from "./epochs.js";
import { startExplain } from "./explain.js";
import { startGraph } from "./graph.js";
import { startImages } from "./images.js";
import { startKeys } from "./keys.js";
import { startMaps } from "./maps.js";
import { startPredictions } from "./predictions.js";
import { startSearch } from "./search.js";
import { startSplit } from "./split.js";
import { get, on, readHash, set } from "./state.js";

/** Something worth seeing at once: the first convolution, or else the first layer with a picture. */
function firstNode(graph) {
  const near = graph.nodes.filter((node) => node.view !== "none" && node.kind !== "input");
  const top = near.filter((node) => node.parent === null);
  return (
    top.find((node) => node.view === "maps" && /conv/i.test(node.class)) ??
    top.find((node) => node.view === "maps" && node.kind === "group") ??
    top.find((node) => node.view === "maps") ?? top[0] ?? near[0] ?? null
  );
}

let loading = null;

async function loadGraph() {
  loading?.abort();
  const mine = new AbortController();
  loading = mine;
  const { checkpoint } = get();
  problem($("#graph-problem"), null);
  if (checkpoint === null) return;
  try {
    const graph = await api.graph(checkpoint, mine.signal);
    if (loading !== mine) return;
    const { node, graph: old } = get();
    if (old && JSON.stringify(old) === JSON.stringify(graph)) return;
    const known = graph.nodes.some((one) => one.id === node);
    set({ graph, node: known ? node : (firstNode(graph)?.id ?? null) });
  } catch (error) {
    if (error.name === "AbortError" || loading !== mine) return;
    problem($("#graph-problem"), error, loadGraph);
  }
}

/** The parts of a hash that exist here. */
function sensible(wanted, session, images) {
  const has = (list, id) => list.some((one) => one.id === id);
  const patch = { ...wanted };
  patch.follow = wanted.checkpoint === null;
  if (!has(session.checkpoints, wanted.checkpoint)) {
    const first = session.live ? session.checkpoints.at(-1) : session.checkpoints[0];
    patch.checkpoint = first?.id ?? null;
    patch.follow = true;
  }
  if (!has(images, wanted.image)) patch.image = images[0]?.id ?? null;
  if (wanted.other && !has(wanted.other.kind === "image" ? images : session.checkpoints, wanted.other.id)) {
    patch.other = null;
  }
  if (!has(session.outputs.map((one) => ({ id: one.index })), wanted.output)) patch.output = 0;
  return patch;
}

async function start() {
  problem($("#notice"), null);
  try {
    const [session, images] = await Promise.all([api.session(), api.images()]);
    $("#title").textContent = session.title;
    document.title = `${session.title} · Quiver`;
    set({ session, images, ...sensible(readHash(), session, images) });
    document.body.classList.add("ready");
    watch();
  } catch (error) {
    problem($("#notice"), error, start);
  }
}

startKeys();
startImages();
startCompare();
startEpochs();
startSearch();
startSplit();
startGraph();
startMaps();
startPredictions();
startExplain();
on(["checkpoint"], loadGraph);
addEventListener("hashchange", () => {
  const { session, images } = get();
  if (!session) return;
  const patch = sensible(readHash(), session, images);
  if (!get().graph?.nodes.some((node) => node.id === patch.node)) delete patch.node;
  set(patch);
});
start();
