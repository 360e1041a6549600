// Keys for the whole page, and the theme.

import { $ } from "./dom.js";
import { get, set } from "./state.js";

const typing = (target) => target.closest("input:not([type=range]), select, textarea") !== null;

function dark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function announce() {
  $("#theme").setAttribute("aria-label", dark() ? "Light theme" : "Dark theme");
  document.dispatchEvent(new Event("quiver-theme"));
}

function otherTheme() {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("quiver-theme", theme);
  } catch {
    // Not kept, then.
  }
  announce();
}

function go(selector) {
  const place = $(selector);
  place?.focus();
  place?.scrollIntoView({ block: "nearest" });
}

export function startKeys() {
  const help = $("#keys");
  const ways = {
    "?": () => (help.open ? help.close() : help.showModal()),
    "/": () => $("#search").focus(),
    i: () => go("#images [tabindex='0']"),
    g: () => go("#graph [tabindex='0']"),
    m: () => go("#grid [tabindex='0'], #bars [tabindex='0']"),
    t: otherTheme,
    e: () => {
      const order = ["none", "gradcam", "saliency"];
      if (!$("#explain").hidden) set({ method: order[(order.indexOf(get().method) + 1) % 3] });
    },
    x: () => get().other && $("#swap").click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target)) return;
    const way = ways[event.key];
    if (!way || (document.querySelector("dialog[open]") && event.key !== "?")) return;
    event.preventDefault();
    way();
  });
  $("#help").addEventListener("click", () => help.showModal());
  $("#keys-close").addEventListener("click", () => help.close());
  help.addEventListener("click", (event) => event.target === help && help.close());
  $("#theme").addEventListener("click", otherTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
  announce();
}
