// Columns of a layered drawing, after Brandes and Köpf, "Fast and Simple Horizontal Coordinate
// Assignment" (2001): four greedy alignments (up/down, left/right), each made compact, then the mean
// of the two middle ones. Chains and long edges come out straight.

/** Mark the pairs that must not be aligned, as they cross the straight part of a long edge. */
function markConflicts(layers) {
  for (let k = 1; k < layers.length; k += 1) {
    const layer = layers[k];
    let left = 0;
    let scanned = 0;
    layer.forEach((item, position) => {
      const inner = item.dummy && item.up[0]?.dummy ? item.up[0] : null;
      if (!inner && position !== layer.length - 1) return;
      const right = inner ? inner.order : layers[k - 1].length - 1;
      for (; scanned <= position; scanned += 1) {
        const one = layer[scanned];
        for (const above of one.up) {
          const crosses = above.order < left || above.order > right;
          if (crosses && !(one.dummy && above.dummy)) (one.crossed ??= new Set()).add(above);
        }
      }
      left = right;
    });
  }
}

function alignment(layers, side) {
  const root = new Map();
  const next = new Map();
  for (const layer of layers) {
    for (const item of layer) {
      root.set(item, item);
      next.set(item, item);
    }
  }
  for (const layer of layers) {
    let reached = -1;
    for (const item of layer) {
      const near = [...item[side]].sort((a, b) => a.place - b.place);
      if (!near.length) continue;
      const middle = (near.length - 1) / 2;
      for (let k = Math.floor(middle); k <= Math.ceil(middle); k += 1) {
        const one = near[k];
        const crossed = item.crossed?.has(one) || one.crossed?.has(item);
        if (next.get(item) === item && reached < one.place && !crossed) {
          next.set(one, item);
          root.set(item, root.get(one));
          next.set(item, root.get(item));
          reached = one.place;
        }
      }
    }
  }
  return root;
}

/** Blocks of aligned items pushed as far left as they go, then pulled right towards each other. */
function compact(layers, root, space) {
  const right = new Map(); // block -> Map(block to its right -> distance)
  const left = new Map();
  for (const layer of layers) {
    layer.forEach((item, k) => {
      const block = root.get(item);
      if (!right.has(block)) {
        right.set(block, new Map());
        left.set(block, new Map());
      }
      if (k === 0) return;
      const before = root.get(layer[k - 1]);
      const distance = Math.max(space(layer[k - 1], item), right.get(before).get(block) ?? 0);
      right.get(before).set(block, distance);
      left.get(block).set(before, distance);
    });
  }
  const order = [];
  const open = new Map([...left].map(([block, near]) => [block, near.size]));
  for (const [block, size] of open) if (size === 0) order.push(block);
  for (let k = 0; k < order.length; k += 1) {
    for (const block of right.get(order[k]).keys()) {
      open.set(block, open.get(block) - 1);
      if (open.get(block) === 0) order.push(block);
    }
  }
  const x = new Map();
  for (const block of order) {
    let place = 0;
    for (const [before, distance] of left.get(block)) place = Math.max(place, x.get(before) + distance);
    x.set(block, place);
  }
  for (const block of order.toReversed()) {
    let limit = Infinity;
    for (const [after, distance] of right.get(block)) limit = Math.min(limit, x.get(after) - distance);
    if (limit !== Infinity) x.set(block, Math.max(x.get(block), limit));
  }
  return new Map([...root].map(([item, block]) => [item, x.get(block)]));
}

/** Give every item of `layers` (arrays of items in their order) an x; returns the total width. */
export function columns(layers, nodeGap, edgeGap) {
  markConflicts(layers);
  const space = (a, b) => (a.width + b.width) / 2 + (a.dummy && b.dummy ? edgeGap : nodeGap);
  const results = [];
  for (const side of ["up", "down"]) {
    const ranks = side === "up" ? layers : layers.toReversed();
    for (const mirrored of [false, true]) {
      const rows = mirrored ? ranks.map((layer) => layer.toReversed()) : ranks;
      for (const row of rows) row.forEach((item, k) => (item.place = k));
      const x = compact(rows, alignment(rows, side), space);
      if (mirrored) for (const [item, value] of x) x.set(item, -value);
      results.push(x);
    }
  }
  const bounds = results.map((x) => {
    let low = Infinity;
    let high = -Infinity;
    for (const [item, value] of x) {
      low = Math.min(low, value - item.width / 2);
      high = Math.max(high, value + item.width / 2);
    }
    return { low, high };
  });
  // All four are laid against the narrowest: left ones by their left side, mirrored by their right.
  const slim = bounds.reduce((a, b) => (b.high - b.low < a.high - a.low ? b : a));
  const shift = bounds.map(({ low, high }, k) => (k % 2 ? slim.high - high : slim.low - low));
  let low = Infinity;
  let high = -Infinity;
  for (const layer of layers) {
    for (const item of layer) {
      const four = results.map((x, k) => x.get(item) + shift[k]).sort((a, b) => a - b);
      item.x = (four[1] + four[2]) / 2;
      low = Math.min(low, item.x - item.width / 2);
      high = Math.max(high, item.x + item.width / 2);
    }
  }
  for (const layer of layers) for (const item of layer) item.x -= low;
  return high - low;
}
