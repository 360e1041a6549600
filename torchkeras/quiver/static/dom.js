// Small helpers. Text only ever reaches the page through textContent.

const SVG = "http://www.w3.org/2000/svg";

function apply(element, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function h(tag, props, ...children) {
  return apply(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
  return apply(document.createElementNS(SVG, tag), props, children);
}

export const $ = (selector, root = document) => root.querySelector(selector);

const finite = (value) => typeof value === "number" && Number.isFinite(value);

/** A number in few significant digits, with a real minus sign. */
export function number(value, digits = 4) {
  if (!finite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 1e6 || size < 1e-3) text = value.toExponential(digits - 2).replace("e+", "e");
  else if (Number.isInteger(value)) text = String(value);
  else text = String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

export function percent(value) {
  if (!finite(value)) return "–";
  const share = value * 100;
  if (share > 0 && share < 0.1) return "<0.1%";
  return `${share >= 99.95 || share === 0 ? share.toFixed(0) : share.toFixed(1)}%`;
}

/** 25 557 032 -> "25.6 M" */
export function count(value) {
  if (!finite(value)) return "–";
  for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= unit) return `${(value / unit).toFixed(value >= 100 * unit ? 0 : 1)} ${name}`;
  }
  return String(value);
}

/** [null, 26, 26, 32] -> "26 × 26 × 32" (the batch axis is left out) */
export function shape(sizes) {
  if (!sizes) return "";
  const own = sizes.slice(1).map((size) => (size === null ? "?" : size));
  return own.length ? own.join(" × ") : "scalar";
}

/** Call `fn` once, `delay` ms after the last request for it. */
export function debounce(fn, delay) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), delay);
  };
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const written = new WeakMap();

/** Fill a select anew only if its entries have changed: an open list would close. */
export function fillSelect(select, entries, make) {
  const key = JSON.stringify(entries);
  if (written.get(select) === key) return;
  written.set(select, key);
  select.replaceChildren(...make());
}

/** One line in `place` that says what went wrong and how to try again; null clears it. */
export function problem(place, error, retry) {
  place.replaceChildren();
  place.hidden = !error;
  if (!error) return;
  place.append(h("span", { text: error.message }));
  if (retry) place.append(h("button", { type: "button", class: "link", text: "Try again", onclick: retry }));
}
