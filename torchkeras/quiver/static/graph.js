// The model as a graph: boxes and lines in one SVG, chosen by click, touch or arrow keys.

import { $, count, number, shape, svg } from "./dom.js";
import { Folding, NODE } from "./fold.js";
import { PanZoom } from "./panzoom.js";
import { get, on, set } from "./state.js";

const FEW = 160; // boxes that are all kept in the page; of more only those near the view
const KINDS = [
  ["attention", /attention/i],
  ["recurrent", /lstm|gru|rnn|bidirectional|recurrent/i],
  ["conv", /conv/i],
  ["norm", /norm|rescaling/i],
  ["pool", /pool/i],
  ["merge", /^(add|concat|multiply|average|maximum|minimum|subtract|dot|cat|mul)/i],
  ["drop", /drop|noise/i],
  ["dense", /dense|linear|embedding/i],
  ["act", /activation|relu|softmax|sigmoid|elu|silu|swish|tanh/i],
];
const kindOf = (node) =>
  node.kind === "input" ? "input" : (KINDS.find(([, pattern]) => pattern.test(node.class))?.[0] ?? "other");

const pen = document.createElement("canvas").getContext("2d");

const measured = (text, font) => {
  pen.font = font;
  return pen.measureText(text).width;
};

/** Text that fits into `room` px; `tail` is the share kept at its end: names differ at both ends. */
function fitted(text, room, font, tail = 0) {
  let cut = text;
  for (let keep = text.length - 1; keep > 1 && measured(cut, font) > room; keep -= 1) {
    const end = Math.floor(keep * tail);
    cut = `${text.slice(0, keep - end)}…${text.slice(text.length - end)}`;
  }
  return cut;
}

class Graph {
  constructor(surface) {
    this.surface = surface;
    this.lines = svg("g", { class: "lines" });
    this.boxes = svg("g", { class: "boxes" });
    this.grounds = svg("g", {}); // open groups: below the lines of what is in them
    this.world = svg("g", {}, this.grounds, this.lines, this.boxes);
    surface.append(this.world);
    this.view = new PanZoom(surface, () => this.moved());
    this.drawn = new Map(); // id -> {box, element}
    this.paths = [];
    this.focused = null;
    const { fontFamily } = getComputedStyle(surface);
    this.fonts = { name: `600 12.5px ${fontFamily}`, text: `11px ${fontFamily}` };
    surface.addEventListener("click", (event) => this.clicked(event));
    surface.addEventListener("dblclick", (event) => {
      if (!event.target.closest?.(".fold")) this.toggled(this.at(event)); // there each click counts
    });
    surface.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.view.draw()).observe(surface);
  }

  load(graph) {
    const same = this.graph && JSON.stringify(this.graph) === JSON.stringify(graph);
    this.graph = graph;
    if (same) return;
    const open = this.folding?.open ?? new Set();
    this.folding = new Folding(graph);
    for (const id of open) if (this.folding.isGroup(id)) this.folding.open.add(id);
    const only = this.folding.children.get(null) ?? [];
    // A model that is nothing but one wrapped model is opened at once.
    if (only.filter((node) => node.kind !== "input").length === 1) {
      for (const node of only) if (this.folding.isGroup(node.id)) this.folding.open.add(node.id);
    }
    this.focused = null;
    this.arrange();
    const first = this.drawing.boxes[0];
    this.view.fit(this.drawing, first && first.x + first.width / 2);
    this.select(get().node);
  }

  arrange() {
    this.drawing = this.folding.arrange();
    this.view.world = this.drawing;
    this.boxes.replaceChildren();
    this.grounds.replaceChildren();
    this.lines.replaceChildren();
    this.drawn = new Map(this.drawing.boxes.map((box) => [box.node.id, { box, element: null }]));
    this.paths = this.drawing.lines.map((line) => ({ line, element: null }));
    if (!this.drawn.has(this.focused)) this.focused = this.drawing.boxes[0]?.node.id ?? null;
    this.moved();
  }

  /** After a move or a zoom: the transform, and elements for what has come into sight. */
  moved() {
    if (!this.drawing) return;
    const { x, y, k } = this.view;
    this.world.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})`);
    this.surface.classList.toggle("far", k < 0.5);
    this.surface.classList.toggle("tiny", k < 0.28);
    const all = this.drawing.boxes.length <= FEW;
    const margin = 400 / k;
    const high = -y / k - margin;
    const low = (this.surface.clientHeight - y) / k + margin;
    for (const [id, entry] of this.drawn) {
      const { box } = entry;
      const near = all || (box.y + box.height >= high && box.y <= low) || id === this.focused;
      if (near && !entry.element) {
        entry.element = this.element(box);
        (box.open ? this.grounds : this.boxes).append(entry.element);
      } else if (!near && entry.element) {
        entry.element.remove();
        entry.element = null;
      }
    }
    for (const entry of this.paths) {
      const near = all || (entry.line.bottom >= high && entry.line.top <= low);
      if (near && !entry.element) {
        entry.element = this.path(entry.line);
        this.lines.append(entry.element);
      } else if (!near && entry.element) {
        entry.element.remove();
        entry.element = null;
      }
    }
  }

  path(line) {
    const { node } = get();
    const lit = node !== null && (line.from === node || line.to === node);
    return svg("path", { d: line.path, class: `edge${line.arrow ? " arrow" : ""}${lit ? " lit" : ""}` });
  }

  element({ node, x, y, width, height, open }) {
    const group = this.folding.isGroup(node.id);
    const chosen = node.id === get().node;
    const size = shape(node.shape);
    const params = node.params ? `${count(node.params)} params` : "";
    const item = svg("g", {
      class: `node k-${group ? "group" : kindOf(node)}${open ? " open" : ""}${chosen ? " chosen" : ""}`,
      transform: `translate(${x} ${y})`,
      role: "treeitem",
      tabindex: node.id === this.focused ? 0 : -1,
      "aria-selected": String(chosen),
      "aria-expanded": group ? String(open) : null,
      "aria-level": this.folding.path(node.id).length,
      "aria-label": [node.name, node.class, size, params].filter(Boolean).join(", "),
      data: { id: node.id, name: node.name },
    });
    const title = svg("title", {});
    title.textContent = [
      `${node.name} · ${node.class}`,
      size && `output ${size}`,
      node.params ? `${number(node.params)} parameters, ${number(node.trainable)} trainable` : "",
    ].filter(Boolean).join("\n");
    item.append(title);
    if (group && !open) item.append(svg("rect", { class: "sheet", x: 4, y: 4, width, height, rx: 9 }));
    item.append(svg("rect", { class: "body", width, height, rx: 9 }));
    const room = width - 26 - (group ? 22 : 0);
    if (open) item.append(svg("path", { class: "head", d: headPath(width) }));
    else item.append(svg("rect", { class: "mark", x: 7, y: 10, width: 3.5, height: height - 20, rx: 1.75 }));
    const left = open ? 12 : 18;
    const mass = node.params && !group ? count(node.params) : "";
    const spare = mass ? measured(mass, this.fonts.text) + 8 : 0;
    item.append(
      svg("text", { class: "name", x: left, y: open ? 16 : 20, text: fitted(node.name, room - spare, this.fonts.name, 0.4) }),
    );
    // The shape stays whole; the class is what is cut.
    const tail = group ? ` · ${this.folding.size(node.id)} layers` : size && ` · ${size.replaceAll(" ", "")}`;
    const about = fitted(node.class, room - measured(tail, this.fonts.text), this.fonts.text) + tail;
    item.append(svg("text", { class: "about", x: left, y: open ? 30 : 36, text: about }));
    if (mass) item.append(svg("text", { class: "mass", x: width - 9, y: 20, "text-anchor": "end", text: mass }));
    if (group) {
      item.append(
        svg("g", { class: "fold", transform: `translate(${width - 20} ${open ? 19 : 24})` },
          svg("circle", { class: "reach", r: 18 }),
          svg("circle", { r: 9.5 }),
          svg("path", { d: open ? "M-4 0H4" : "M-4 0H4M0 -4V4" })),
      );
    }
    return item;
  }

  at(event) {
    return event.target.closest?.(".node")?.dataset.id ?? null;
  }

  clicked(event) {
    const id = this.at(event);
    if (id === null) return;
    this.focused = id;
    if (event.target.closest(".fold")) this.toggled(id);
    else {
      this.choose(id);
      this.focus(id);
    }
  }

  choose(id) {
    set({ node: id });
  }

  /** Open or fold a group; its head stays where it is on the screen. */
  toggled(id) {
    if (id === null || !this.folding.isGroup(id)) return;
    const { view } = this;
    const spot = ({ x, y, width }) => [(x + width / 2) * view.k + view.x, y * view.k + view.y];
    const [x, y] = spot(this.drawn.get(id).box);
    this.folding.toggle(id);
    this.focused = id;
    this.arrange();
    const { box } = this.drawn.get(id);
    // A wide one is shown smaller, as long as it can be read.
    const room = (this.surface.clientWidth - 24) / box.width;
    if (box.open && room < view.k) view.zoom(Math.min(1, Math.max(0.5, room) / view.k));
    const [newX, newY] = spot(box);
    view.pan(x - newX, y - newY);
    this.focus(id);
  }

  focus(id, options = { preventScroll: true }) {
    const last = this.drawn.get(this.focused)?.element;
    last?.setAttribute("tabindex", -1);
    this.focused = id;
    this.view.show(headOf(this.drawn.get(id).box));
    this.moved();
    const { element } = this.drawn.get(id);
    element.setAttribute("tabindex", 0);
    element.focus(options);
  }

  /** Mark the chosen node, open the groups around it and bring it into sight. */
  select(id, reveal = true) {
    if (!this.drawing) return;
    if (id !== null && !this.folding.nodes.has(id)) return;
    if (id !== null && reveal && this.folding.reveal(id)) this.arrange();
    for (const [key, { element }] of this.drawn) {
      element?.classList.toggle("chosen", key === id);
      element?.setAttribute("aria-selected", String(key === id));
    }
    for (const { line, element } of this.paths) {
      element?.classList.toggle("lit", id !== null && (line.from === id || line.to === id));
    }
    const entry = this.drawn.get(id);
    if (!entry) return;
    if (!this.surface.contains(document.activeElement)) {
      this.drawn.get(this.focused)?.element?.setAttribute("tabindex", -1);
      this.focused = id;
      this.moved();
      entry.element.setAttribute("tabindex", 0);
    }
    this.view.show(headOf(entry.box));
  }

  key(event) {
    const id = this.focused;
    if (id === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const group = this.folding.isGroup(id);
    if (event.key === "Enter") this.choose(id);
    else if (event.key === " ") {
      if (group) this.toggled(id);
      else this.choose(id);
    } else if (event.key === "+" || event.key === "=") this.view.zoom(1.25);
    else if (event.key === "-") this.view.zoom(0.8);
    else if (event.key === "0") this.view.whole();
    else if (event.key === "Home") this.focus(this.drawing.boxes[0].node.id);
    else if (event.key === "End") this.focus(this.drawing.boxes.at(-1).node.id);
    else if (event.key.startsWith("Arrow")) {
      const next = this.neighbour(id, event.key.slice(5));
      if (next !== null) this.focus(next);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The nearest box in a direction; the head of an open group stands for it. */
  neighbour(id, direction) {
    const middle = ({ x, y, width, height, open }) => [x + width / 2, y + (open ? NODE.height : height) / 2];
    const [x0, y0] = middle(this.drawn.get(id).box);
    let best = null;
    let least = Infinity;
    for (const [key, { box }] of this.drawn) {
      const [x, y] = middle(box);
      const [dx, dy] = [x - x0, y - y0];
      const [along, across] = { Down: [dy, dx], Up: [-dy, dx], Right: [dx, dy], Left: [-dx, dy] }[direction];
      const flat = direction === "Left" || direction === "Right";
      if (along < 8 || (flat && Math.abs(across) > along)) continue;
      const cost = along + Math.abs(across) * (flat ? 3 : 0.9);
      if (cost < least) [least, best] = [cost, key];
    }
    return best;
  }
}

/** What must be in sight of a box: of an open group, where its name stands. */
function headOf(box) {
  return box.open ? { ...box, ...NODE } : box;
}

function headPath(width) {
  return `M0 38V9A9 9 0 0 1 9 0H${width - 9}A9 9 0 0 1 ${width} 9V38Z`;
}

export function startGraph() {
  const graph = new Graph($("#graph"));
  $("#zoom-in").addEventListener("click", () => graph.view.zoom(1.25));
  $("#zoom-out").addEventListener("click", () => graph.view.zoom(0.8));
  $("#zoom-all").addEventListener("click", () => graph.view.whole());
  on(["graph"], ({ graph: loaded }) => loaded && graph.load(loaded));
  on(["node"], ({ node }) => graph.select(node));
  return graph;
}
