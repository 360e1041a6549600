// What the model says of the image: bars per output; a click explains that class.

import { api } from "./api.js";
import { $, h, number, percent, problem } from "./dom.js";
import { get, on, set, sides } from "./state.js";

let going = null;

function row(output, entry, reach) {
  const classes = output.kind === "classes";
  const bar = h("span", { class: `fill${entry.value < 0 ? " below" : ""}` });
  bar.style.width = `${Math.min(100, (Math.abs(entry.value) / reach) * 100)}%`;
  const text = classes ? percent(entry.value) : number(entry.value);
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button", class: "prediction", data: { index: entry.index },
        title: `${entry.label}: ${entry.value}`,
        onclick: () => {
          const { method } = get();
          set({ output: output.index, target: entry.index, method: method === "none" ? "gradcam" : method });
        },
      },
      h("span", { class: "label", text: entry.label }),
      h("span", { class: "value", text }),
      h("span", { class: "rail" }, bar),
    ),
  );
}

function fill(place, { outputs }) {
  const parts = [];
  for (const output of outputs) {
    if (outputs.length > 1) parts.push(h("h4", { text: output.name }));
    const reach = output.kind === "classes" ? 1 : Math.max(1e-12, ...output.top.map((one) => Math.abs(one.value)));
    parts.push(h("ul", { class: "predictions" }, ...output.top.map((one) => row(output, one, reach))));
  }
  place.replaceChildren(...parts);
}

function mark() {
  const { output, target, method } = get();
  for (const button of document.querySelectorAll(".prediction")) {
    const on_ = method !== "none" && target === Number(button.dataset.index) && output === 0;
    button.setAttribute("aria-pressed", String(on_));
  }
}

async function refresh() {
  going?.abort();
  const { image, checkpoint } = get();
  const places = [$("#predictions-a"), $("#predictions-b")];
  problem($("#predictions-problem"), null);
  if (!image || checkpoint === null) {
    for (const place of places) place.replaceChildren();
    set({ top: [] });
    return;
  }
  const mine = new AbortController();
  going = mine;
  try {
    const found = await Promise.all(sides().map((side) => api.predictions(side, mine.signal)));
    if (going !== mine) return;
    found.forEach((one, k) => fill(places[k], one));
    if (found.length < 2) places[1].replaceChildren();
    set({ top: found[0].outputs });
    mark();
  } catch (error) {
    if (error.name === "AbortError" || going !== mine) return;
    for (const place of places) place.replaceChildren();
    problem($("#predictions-problem"), error, refresh);
  }
}

export function startPredictions() {
  on(["image", "checkpoint", "other"], refresh);
  on(["output", "target", "method"], mark);
}
