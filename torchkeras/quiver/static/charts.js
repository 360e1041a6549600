// Bars, curves and histograms on canvases that follow the page's theme and size.

import { h, number } from "./dom.js";

// A canvas wants the colour itself and not light-dark(…): as an element's colour it is resolved.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
const colour = (name) => {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
};
export const SERIES = ["--series-a", "--series-b"];

/** A context in CSS pixels on a canvas that is sharp on every screen. */
function prepare(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return { context, width, height };
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) target.redraw?.();
});

/** Draw now, when the size changes and when the theme does. */
function live(canvas, draw) {
  canvas.redraw = () => canvas.isConnected && canvas.clientWidth && draw();
  observer.observe(canvas);
  document.addEventListener("quiver-theme", function again() {
    if (canvas.isConnected) canvas.redraw();
    else document.removeEventListener("quiver-theme", again);
  });
}

export function range(lists, zero = false) {
  let low = zero ? 0 : Infinity;
  let high = zero ? 0 : -Infinity;
  for (const list of lists) {
    for (const value of list) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : [0, 0];
}

/** A curve per series; `bounds` fixes the scale, `cursor` marks a step. */
export function curve(canvas, series, { bounds, cursor = () => null, thin = false } = {}) {
  live(canvas, () => {
    const { context, width, height } = prepare(canvas);
    const [low, high] = bounds ?? range(series);
    const pad = thin ? 3 : 10;
    const y = (value) => height - pad - ((value - low) / (high - low || 1)) * (height - 2 * pad);
    const x = (k, n) => pad + (n > 1 ? (k / (n - 1)) * (width - 2 * pad) : (width - 2 * pad) / 2);
    if (low < 0 && high > 0) {
      context.strokeStyle = colour("--line-strong");
      context.beginPath();
      context.moveTo(pad, y(0));
      context.lineTo(width - pad, y(0));
      context.stroke();
    }
    context.lineWidth = thin ? 1.2 : 1.6;
    context.lineJoin = "round";
    series.forEach((values, s) => {
      context.strokeStyle = colour(SERIES[s]);
      context.beginPath();
      values.forEach((value, k) => context.lineTo(x(k, values.length), y(value)));
      if (values.length === 1) context.arc(x(0, 1), y(values[0]), 2, 0, 7);
      context.stroke();
    });
    const step = cursor();
    if (step === null) return;
    context.strokeStyle = colour("--muted");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x(step, series[0].length), 0);
    context.lineTo(x(step, series[0].length), height);
    context.stroke();
  });
}

export function histogram(canvas, series, bins = 48) {
  live(canvas, () => {
    const { context, width, height } = prepare(canvas);
    const [low, high] = range(series);
    const counted = series.map((values) => {
      const out = new Float64Array(bins);
      for (const value of values) {
        out[Math.min(bins - 1, Math.floor(((value - low) / (high - low || 1)) * bins))] += 1 / values.length;
      }
      return out;
    });
    const most = Math.max(...counted.flatMap((list) => [...list]));
    counted.forEach((list, s) => {
      context.fillStyle = colour(SERIES[s]);
      context.globalAlpha = series.length > 1 ? 0.55 : 0.9;
      // By the square root: one full bin (all the zeros after a ReLU) would hide the others.
      list.forEach((share, k) => {
        const tall = Math.sqrt(share / most) * (height - 2);
        context.fillRect((k / bins) * width, height - tall, Math.max(1, width / bins - 1), tall);
      });
    });
  });
}

/** Bars of one or two series with a cursor that pointer and arrow keys move. */
export function bars(series, { labels, bounds, pick, label = "unit" }) {
  const count = series[0].length;
  const canvas = h("canvas", { class: "bars" });
  const readout = h("output", { class: "readout" });
  const box = h("div", {
    class: "bar-chart", tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": count - 1,
    "aria-valuenow": 0, "aria-label": `Values of ${count} ${label}s`,
  }, canvas);
  let at = null;
  const pad = 6;
  const place = (width) => Math.min(64, (width - 2 * pad) / count);

  const draw = () => {
    const { context, width, height } = prepare(canvas);
    const [low, high] = bounds ?? range(series, true);
    const y = (value) => height - 18 - ((value - low) / (high - low || 1)) * (height - 36);
    const step = place(width);
    const gap = step > 4 ? Math.min(3, step * 0.2) : 0;
    if (at !== null) {
      context.fillStyle = colour("--hover");
      context.fillRect(pad + at * step - 1, 0, Math.max(step, 2) + 2, height);
    }
    series.forEach((values, s) => {
      context.fillStyle = colour(SERIES[s]);
      const wide = (step - gap) / series.length;
      values.forEach((value, k) => {
        const top = Math.min(y(value), y(0));
        const tall = Math.max(Math.abs(y(value) - y(0)), value ? 1 : 0);
        context.fillRect(pad + k * step + gap / 2 + s * wide, top, Math.max(wide, 0.6), tall);
      });
    });
    context.fillStyle = colour("--line-strong");
    context.fillRect(pad, y(0) - 0.5, width - 2 * pad, 1);
    context.fillStyle = colour("--muted");
    context.font = `11px ${getComputedStyle(canvas).fontFamily}`;
    context.fillText(number(high), pad, 12);
    if (low < 0) context.fillText(number(low), pad, height - 5);
  };
  const name = (k) => (labels?.[k] === undefined ? `${label} ${k}` : `${labels[k]} (${label} ${k})`);
  const move = (k) => {
    at = Math.max(0, Math.min(count - 1, k));
    const text = `${name(at)}: ${series.map((values) => number(values[at])).join("  vs  ")}`;
    readout.textContent = text;
    box.setAttribute("aria-valuenow", at);
    box.setAttribute("aria-valuetext", text);
    canvas.redraw();
  };
  const under = (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    return Math.floor((event.clientX - left - pad) / place(width));
  };
  canvas.addEventListener("pointermove", (event) => move(under(event)));
  canvas.addEventListener("click", (event) => {
    move(under(event));
    pick?.(at);
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (step) move((at ?? (step > 0 ? -1 : count)) + step);
    else if (event.key === "Home") move(0);
    else if (event.key === "End") move(count - 1);
    else if (event.key === "Enter" && at !== null) pick?.(at);
    else return;
    event.preventDefault();
  });
  live(canvas, draw);
  const top = [...series[0].keys()].reduce((best, k) => (series[0][k] > series[0][best] ? k : best), 0);
  readout.textContent = `highest: ${name(top)}, ${number(series[0][top])}`;
  return h("div", { class: "bar-frame" }, box, readout);
}
