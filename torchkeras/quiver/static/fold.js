// The graph as it is seen: groups are folded to one box or opened in place, each level laid out on its
// own, and edges lifted to what is visible.

import { layout, route } from "./layout.js";

export const NODE = { width: 204, height: 48 };
const GROUP = { side: 14, head: 38, foot: 16 };
const TOP = Symbol("top");
const BOTTOM = Symbol("bottom");

export class Folding {
  constructor(graph) {
    this.nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    this.edges = graph.edges;
    this.children = new Map();
    for (const node of graph.nodes) {
      const siblings = this.children.get(node.parent) ?? [];
      siblings.push(node);
      this.children.set(node.parent, siblings);
    }
    this.open = new Set();
    this.paths = new Map();
  }

  isGroup(id) {
    return this.children.has(id);
  }

  /** Number of layers inside, groups not counted. */
  size(id) {
    const inside = this.children.get(id) ?? [];
    return inside.reduce((sum, node) => sum + (this.isGroup(node.id) ? this.size(node.id) : 1), 0);
  }

  /** The groups around a node, outermost first, then the node itself. */
  path(id) {
    let path = this.paths.get(id);
    if (!path) {
      const { parent } = this.nodes.get(id);
      path = parent === null ? [id] : [...this.path(parent), id];
      this.paths.set(id, path);
    }
    return path;
  }

  toggle(id) {
    if (!this.open.delete(id)) this.open.add(id);
  }

  /** Open every group around a node; true if one was folded. */
  reveal(id) {
    const folded = this.path(id).slice(0, -1).filter((one) => !this.open.has(one));
    for (const one of folded) this.open.add(one);
    return folded.length > 0;
  }

  /** Edges between the children of a group, and through its top and bottom. */
  level(id) {
    const depth = id === null ? 0 : this.path(id).length;
    const inside = (leaf) => {
      const path = this.path(leaf);
      return depth === 0 || path[depth - 1] === id ? path[depth] : undefined;
    };
    const found = new Map();
    const add = (from, to) => {
      const targets = found.get(from) ?? new Set();
      found.set(from, targets.add(to));
    };
    for (const [source, target] of this.edges) {
      if (!this.nodes.has(source) || !this.nodes.has(target)) continue;
      const [from, to] = [inside(source), inside(target)];
      if (from !== undefined && to !== undefined) {
        if (from !== to) add(from, to);
      } else if (to !== undefined) add(TOP, to);
      else if (from !== undefined) add(from, BOTTOM);
    }
    return [...found].flatMap(([from, targets]) => [...targets].map((to) => ({ from, to })));
  }

  /** {width, height, boxes: [{node, x, y, width, height, open}], lines: [{from, to, path, top, bottom}]} */
  arrange() {
    const drawing = this.place(null);
    const boxes = [];
    const lines = [];
    const draw = (part, dx, dy) => {
      for (const line of part.lines) {
        const tops = line.points.map((point) => point.top + dy);
        lines.push({
          from: typeof line.from === "symbol" ? null : line.from,
          to: typeof line.to === "symbol" ? null : line.to,
          path: route(line.points, dx, dy),
          arrow: typeof line.to !== "symbol",
          top: Math.min(...tops),
          bottom: Math.max(...line.points.map((point) => point.bottom + dy)),
        });
      }
      for (const { node, x, y, width, height, inner } of part.boxes) {
        boxes.push({ node, x: x + dx, y: y + dy, width, height, open: Boolean(inner) });
        if (inner) draw(inner, x + dx + inner.left, y + dy + GROUP.head);
      }
    };
    draw(drawing, 0, 0);
    return { width: drawing.width, height: drawing.height, boxes, lines };
  }

  place(id) {
    const sizes = [];
    const inner = new Map();
    for (const node of this.children.get(id) ?? []) {
      if (!this.isGroup(node.id) || !this.open.has(node.id)) {
        sizes.push({ id: node.id, ...NODE });
        continue;
      }
      const part = this.place(node.id);
      const width = Math.max(part.width, NODE.width) + 2 * GROUP.side;
      part.left = (width - part.width) / 2;
      inner.set(node.id, part);
      sizes.push({ id: node.id, width, height: part.height + GROUP.head + GROUP.foot });
    }
    const edges = this.level(id);
    const ports = {};
    if (edges.some((edge) => edge.from === TOP)) ports.top = TOP;
    if (edges.some((edge) => edge.to === BOTTOM)) ports.bottom = BOTTOM;
    for (const port of Object.values(ports)) sizes.push({ id: port, width: 2, height: 0 });

    const drawn = layout(sizes, edges, { ports });
    const boxes = [];
    for (const size of sizes) {
      if (typeof size.id === "symbol") continue;
      const { x, y } = drawn.at.get(size.id);
      const corner = { x: x - size.width / 2, y: y - size.height / 2 };
      boxes.push({ ...size, ...corner, node: this.nodes.get(size.id), inner: inner.get(size.id) });
    }
    for (const line of drawn.edges) this.meet(line, inner, boxes);
    return {
      width: drawn.width,
      height: drawn.height,
      boxes,
      lines: drawn.edges,
      top: drawn.at.get(TOP)?.x,
      bottom: drawn.at.get(BOTTOM)?.x,
    };
  }

  /** Lines to and from an open group go on where its inner lines begin and end. */
  meet(line, inner, boxes) {
    const ends = [
      [line.back ? line.to : line.from, line.points[0], "bottom"],
      [line.back ? line.from : line.to, line.points.at(-1), "top"],
    ];
    for (const [id, point, side] of ends) {
      const part = inner.get(id);
      if (!part || part[side] === undefined) continue;
      const box = boxes.find((one) => one.id === id);
      point.x = box.x + part.left + part[side];
      // Above, the head lies between; below, the inner lines end a little inside.
      if (side === "bottom") point.top = point.bottom = box.y + box.height - GROUP.foot;
    }
  }
}
