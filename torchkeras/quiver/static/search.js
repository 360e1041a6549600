// Find a layer by its name or class, in folded groups as well.

import { $, debounce, h, shape } from "./dom.js";
import { get, on, set } from "./state.js";

const MOST = 40;

export function startSearch() {
  const field = $("#search");
  const list = $("#found");
  let at = -1;

  const close = () => {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const mark = (k) => {
    const all = [...list.children];
    if (!all.length) return;
    at = (k + all.length) % all.length;
    all.forEach((one, n) => one.setAttribute("aria-selected", String(n === at)));
    all[at].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", all[at].id);
  };
  const take = (item) => {
    if (!item) return;
    set({ node: item.dataset.id });
    field.value = "";
    close();
    field.blur();
  };
  const find = () => {
    const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length || !get().graph) {
      close();
      return;
    }
    const text = (node) => `${node.name} ${node.class}`.toLowerCase();
    const found = get().graph.nodes.filter((node) => words.every((word) => text(node).includes(word)));
    found.sort((a, b) => Number(!a.name.toLowerCase().startsWith(words[0])) - Number(!b.name.toLowerCase().startsWith(words[0])));
    list.replaceChildren(
      ...found.slice(0, MOST).map((node) =>
        h("li", { role: "option", id: `found-${node.id}`, data: { id: node.id }, "aria-selected": "false" },
          h("b", { text: node.name }),
          h("span", { text: [node.class, shape(node.shape)].filter(Boolean).join(" · ") }))),
    );
    if (!found.length) list.append(h("li", { class: "none", role: "option", "aria-disabled": "true", text: "no such layer" }));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    at = -1;
    if (found.length) mark(0);
  };

  field.addEventListener("input", debounce(find, 60));
  field.addEventListener("focus", find);
  field.addEventListener("blur", () => setTimeout(close, 150));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") {
      find(); // typed faster than the delay
      take(list.querySelector("li[data-id][aria-selected=true]"));
    } else if (event.key === "Escape") {
      field.value = "";
      close();
      field.blur();
    } else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    take(event.target.closest("li[data-id]"));
  });
  on(["graph"], ({ graph }) => {
    field.placeholder = graph ? `Find among ${graph.nodes.length} layers` : "Find a layer";
  });
}
