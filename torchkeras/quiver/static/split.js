// The border between the model and its layers' maps, moved by pointer or arrow keys.

import { $ } from "./dom.js";

const LEAST = 200;
const STEP = 40;

export function startSplit() {
  const handle = $("#split");
  const panel = $("#model");
  const most = () => Math.max(LEAST, innerWidth * 0.6);
  const show = () => {
    handle.setAttribute("aria-valuemin", LEAST);
    handle.setAttribute("aria-valuemax", Math.round(most()));
    handle.setAttribute("aria-valuenow", Math.round(panel.clientWidth));
  };
  const widen = (width) => {
    $("main").style.setProperty("--graph", `${Math.round(Math.min(most(), Math.max(LEAST, width)))}px`);
    show();
  };
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) widen(event.clientX - panel.getBoundingClientRect().left);
  });
  handle.addEventListener("dblclick", () => {
    $("main").style.removeProperty("--graph");
    show();
  });
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    widen(panel.getBoundingClientRect().width + step);
  });
  show();
}
