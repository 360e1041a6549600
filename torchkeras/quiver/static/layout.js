// A layered drawing of a directed graph (Sugiyama): ranks by longest path, long edges cut by dummy
// nodes, crossings reduced by barycenters, columns by Brandes and Köpf (align.js).
// Plain data in and out, no DOM.

import { columns } from "./align.js";

const SWEEPS = 12;

/** Edges that close a cycle, found by depth first search; a folded group can make one. */
function backEdges(nodes, out) {
  const seen = new Map(); // 1: on the path, 2: done
  const back = new Set();
  for (const start of nodes) {
    if (seen.has(start)) continue;
    const path = [[start, 0]];
    seen.set(start, 1);
    while (path.length) {
      const top = path[path.length - 1];
      const next = out.get(top[0])[top[1]++];
      if (next === undefined) {
        seen.set(top[0], 2);
        path.pop();
      } else if (!seen.has(next.to)) {
        seen.set(next.to, 1);
        path.push([next.to, 0]);
      } else if (seen.get(next.to) === 1) {
        back.add(next);
      }
    }
  }
  return back;
}

function longestPath(ids, edges, ports) {
  const into = new Map(ids.map((id) => [id, []]));
  const from = new Map(ids.map((id) => [id, []]));
  for (const { low, high } of edges) {
    into.get(high).push(low);
    from.get(low).push(high);
  }
  const missing = new Map(ids.map((id) => [id, into.get(id).length]));
  const order = ids.filter((id) => missing.get(id) === 0);
  for (let k = 0; k < order.length; k += 1) {
    for (const next of from.get(order[k])) {
      missing.set(next, missing.get(next) - 1);
      if (missing.get(next) === 0) order.push(next);
    }
  }
  const rank = new Map();
  for (const id of order) rank.set(id, Math.max(0, ...into.get(id).map((one) => rank.get(one) + 1)));
  // A source that is needed late stands right above its reader.
  for (const id of order.toReversed()) {
    if (from.get(id).length && !into.get(id).length && id !== ports?.top) {
      rank.set(id, Math.min(...from.get(id).map((one) => rank.get(one))) - 1);
    }
  }
  if (ports?.bottom !== undefined) rank.set(ports.bottom, Math.max(...rank.values(), 0));
  return rank;
}

/** Ranks of items, with a dummy item wherever an edge passes a rank. */
function layered(nodes, edges, ports, gap) {
  const items = new Map(nodes.map((node) => [node.id, { ...node, dummy: false, up: [], down: [] }]));
  const rank = longestPath(nodes.map((node) => node.id), edges, ports);
  const layers = Array.from({ length: Math.max(0, ...rank.values()) + 1 }, () => []);
  for (const [id, item] of items) {
    item.rank = rank.get(id);
    layers[item.rank].push(item);
  }
  for (const edge of edges) {
    edge.chain = [items.get(edge.low)];
    for (let level = rank.get(edge.low) + 1; level < rank.get(edge.high); level += 1) {
      const dummy = { id: null, dummy: true, width: gap, height: 0, rank: level, up: [], down: [] };
      layers[level].push(dummy);
      edge.chain.push(dummy);
    }
    edge.chain.push(items.get(edge.high));
    for (let k = 1; k < edge.chain.length; k += 1) {
      edge.chain[k - 1].down.push(edge.chain[k]);
      edge.chain[k].up.push(edge.chain[k - 1]);
    }
  }
  return { items, layers };
}

const number = (layer) => layer.forEach((item, k) => (item.order = k));

/** Crossings between two neighbouring ranks: inversions, counted with a Fenwick tree. */
function crossingsBelow(layer, next) {
  const tree = new Int32Array(next.length + 1);
  let total = 0;
  let sum = 0;
  for (const item of layer) {
    const ends = item.down.map((one) => one.order).sort((a, b) => a - b);
    for (const end of ends) {
      let before = 0;
      for (let k = end + 1; k > 0; k -= k & -k) before += tree[k];
      sum += total - before;
    }
    for (const end of ends) {
      total += 1;
      for (let k = end + 1; k <= next.length; k += k & -k) tree[k] += 1;
    }
  }
  return sum;
}

function crossings(layers) {
  let sum = 0;
  for (let k = 0; k + 1 < layers.length; k += 1) sum += crossingsBelow(layers[k], layers[k + 1]);
  return sum;
}

function sweep(layer, side) {
  for (const item of layer) {
    const near = item[side];
    item.weight = near.length
      ? near.reduce((sum, one) => sum + one.order, 0) / near.length
      : item.order; // nothing pulls at it: it stays
  }
  layer.sort((a, b) => a.weight - b.weight || a.order - b.order);
  number(layer);
}

function reduceCrossings(layers) {
  layers.forEach(number);
  let fewest = crossings(layers);
  let best = layers.map((layer) => [...layer]);
  for (let turn = 0; turn < SWEEPS && fewest > 0; turn += 1) {
    if (turn % 2 === 0) for (let k = 1; k < layers.length; k += 1) sweep(layers[k], "up");
    else for (let k = layers.length - 2; k >= 0; k -= 1) sweep(layers[k], "down");
    const now = crossings(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach(number);
  return best;
}

/**
 * nodes: [{id, width, height}], edges: [{from, to}] (ids); ports: {top, bottom}, ids of nodes that
 * stand first and last. Returns {width, height, at: Map id -> {x, y} (centre), edges: [{from, to,
 * points: [{x, y, top, bottom}]}]}; a point's top and bottom are the rank's, where lines go straight.
 */
export function layout(nodes, edges, { ports, nodeGap = 28, rankGap = 34, edgeGap = 14 } = {}) {
  if (!nodes.length) return { width: 0, height: 0, at: new Map(), edges: [] };
  const out = new Map(nodes.map((node) => [node.id, []]));
  const list = edges.map(({ from, to }) => ({ from, to }));
  for (const edge of list) out.get(edge.from).push(edge);
  const back = backEdges(nodes.map((node) => node.id), out);
  for (const edge of list) {
    [edge.low, edge.high] = back.has(edge) ? [edge.to, edge.from] : [edge.from, edge.to];
  }
  const { items, layers: unsorted } = layered(nodes, list, ports, edgeGap);
  const layers = reduceCrossings(unsorted);
  const width = columns(layers, nodeGap, edgeGap);

  let y = 0;
  for (const layer of layers) {
    const height = Math.max(...layer.map((item) => item.height));
    for (const item of layer) Object.assign(item, { y: y + height / 2, top: y, bottom: y + height });
    y += height + rankGap;
  }
  const at = new Map([...items].map(([id, { x, y: middle }]) => [id, { x, y: middle }]));
  const lines = list.map((edge) => {
    const points = edge.chain.map((item) => {
      const half = item.dummy ? (item.bottom - item.top) / 2 : item.height / 2;
      return { x: item.x, y: item.y, top: item.y - half, bottom: item.y + half };
    });
    return { from: edge.from, to: edge.to, back: back.has(edge), points };
  });
  return { width, height: y - rankGap, at, edges: lines };
}

/** The path of an edge: down through its points, straight inside a rank, a soft S between ranks. */
export function route(points, dx = 0, dy = 0) {
  const f = (value) => value.toFixed(1);
  let path = "";
  points.forEach((point, k) => {
    const x = point.x + dx;
    if (k === 0) {
      path = `M${f(x)} ${f(point.bottom + dy)}`;
      return;
    }
    const before = points[k - 1];
    const y0 = before.bottom + dy;
    const y1 = point.top + dy;
    const x0 = before.x + dx;
    const bend = (y1 - y0) / 2;
    if (Math.abs(x - x0) < 0.5) path += `V${f(y1)}`;
    else path += `C${f(x0)} ${f(y0 + bend)} ${f(x)} ${f(y1 - bend)} ${f(x)} ${f(y1)}`;
    if (k + 1 < points.length) path += `V${f(point.bottom + dy)}`;
  });
  return path;
}
