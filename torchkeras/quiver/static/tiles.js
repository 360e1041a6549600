// Activations as the server sends them: a description and one grey picture of all maps. Decoded ones
// are kept, up to a limit, so that going back and forth costs nothing.

import { api } from "./api.js";
import { get, on } from "./state.js";

const ROOM = 96 * 2 ** 20; // bytes
const kept = new Map(); // key -> {value, size}, oldest first

async function cached(key, make, size) {
  const full = `${get().session.version}/${key}`;
  const hit = kept.get(full);
  if (hit) {
    kept.delete(full);
    kept.set(full, hit);
    return hit.value;
  }
  const value = await make();
  kept.set(full, { value, size: size(value) });
  let total = 0;
  for (const one of kept.values()) total += one.size;
  for (const [old, one] of kept) {
    if (total <= ROOM || old === full) break;
    total -= one.size;
    kept.delete(old);
  }
  return value;
}

const name = ({ checkpoint, node, image }) => `${checkpoint}/${node}/${image}`;

/** A grey PNG's pixels as {bytes, width, height}, untouched by colour profiles. */
export async function greyPixels(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const bytes = new Uint8Array(width * height);
  for (let k = 0; k < bytes.length; k += 1) bytes[k] = data[4 * k];
  return { bytes, width, height };
}

export const loadView = (side, signal) =>
  cached(`view/${name(side)}`, () => api.view(side, signal), (view) => 256 + 128 * (view.maps?.length ?? 0));

export const loadTiles = (side, scale, signal) =>
  cached(
    `tiles/${scale}/${name(side)}`,
    async () => greyPixels(await api.tiles(side, scale, signal)),
    (picture) => picture.bytes.length,
  );

export const loadValues = (side, map, signal) =>
  cached(`values/${name(side)}/${map ?? ""}`, () => api.values(side, map, signal), (values) => values.byteLength);

/** The bytes of map `index`, cut from the picture of all. */
export function cut(picture, view, index) {
  const { width, height, columns } = view;
  const out = new Uint8Array(width * height);
  const left = (index % columns) * width;
  const top = Math.floor(index / columns) * height;
  for (let row = 0; row < height; row += 1) {
    const start = (top + row) * picture.width + left;
    out.set(picture.bytes.subarray(start, start + width), row * width);
  }
  return out;
}

on(["session"], ({ session }) => {
  for (const key of kept.keys()) if (!key.startsWith(`${session.version}/`)) kept.delete(key);
});
