// What is looked at, in one place; what a link can carry is kept in the address's hash.

const state = {
  session: null,
  images: [],
  graph: null,
  checkpoint: null, // id
  follow: true, // a live page goes along with the newest epoch
  node: null,
  image: null,
  other: null, // {kind: "image" | "checkpoint", id}: the right-hand side
  method: "none", // "none" | "gradcam" | "saliency"
  output: 0,
  target: null, // class index; null: the top one
  top: [], // predictions of the left-hand side
};

const listeners = [];
let waiting = null;

/** Call `fn` (once a turn) after any of `keys` has changed. */
export function on(keys, fn) {
  listeners.push({ keys: new Set(keys), fn });
}

export function get() {
  return state;
}

export function set(patch) {
  const changed = Object.keys(patch).filter((key) => state[key] !== patch[key]);
  Object.assign(state, patch);
  if (!changed.length) return;
  if (waiting) {
    for (const key of changed) waiting.add(key);
    return;
  }
  waiting = new Set(changed);
  queueMicrotask(() => {
    const keys = waiting;
    waiting = null;
    writeHash();
    for (const { keys: wanted, fn } of listeners) {
      if ([...keys].some((key) => wanted.has(key))) fn(state);
    }
  });
}

/** The two things to show: left, and right when comparing. */
export function sides() {
  const { checkpoint, image, node, other } = state;
  const left = { checkpoint, image, node };
  if (!other) return [left];
  return [left, { ...left, [other.kind]: other.id }];
}

export const nodeOf = (id) => state.graph?.nodes.find((node) => node.id === id) ?? null;
export const imageOf = (id) => state.images.find((image) => image.id === id) ?? null;
export const checkpointOf = (id) => state.session?.checkpoints.find((one) => one.id === id) ?? null;

function writeHash() {
  const parts = new URLSearchParams();
  if (state.node) parts.set("layer", state.node);
  if (state.image) parts.set("image", state.image);
  const several = state.session?.checkpoints.length > 1;
  if (several && state.checkpoint !== null && !(state.follow && state.session.live)) {
    parts.set("checkpoint", state.checkpoint);
  }
  if (state.other) parts.set("with", `${state.other.kind}:${state.other.id}`);
  if (state.method !== "none") {
    parts.set("explain", state.method);
    if (state.target !== null) parts.set("class", state.target);
    if (state.output) parts.set("output", state.output);
  }
  const hash = `#${parts}`;
  if (hash !== location.hash && !(hash === "#" && !location.hash)) history.replaceState(null, "", hash);
}

/** The hash as a patch for `set`; whoever uses it checks that the ids exist. */
export function readHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const whole = (name) => (/^\d+$/.test(parts.get(name) ?? "") ? Number(parts.get(name)) : null);
  const other = /^(image|checkpoint):(.+)$/.exec(parts.get("with") ?? "");
  const method = parts.get("explain");
  return {
    node: parts.get("layer"),
    image: parts.get("image"),
    checkpoint: whole("checkpoint"),
    other: other && { kind: other[1], id: other[1] === "image" ? other[2] : Number(other[2]) },
    method: method === "gradcam" || method === "saliency" ? method : "none",
    target: whole("class"),
    output: whole("output") ?? 0,
  };
}
