// Colour maps as tables of 256 colours; a value in 0..255 is looked up.

// viridis and inferno (S. van der Walt, N. Smith, 2015; CC0), every 16th colour.
const VIRIDIS =
  "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725";
const INFERNO =
  "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 d24644 e45a31 f1731d f98e09 fcac11 f9cb35 f2ea69 fcffa4";
const DIVERGING =
  "0b2f6b 164a93 2367ac 3a86c2 5ba3cf 86bfdc b3d6e9 dae9f2 f7f6f4 fae3d6 f8c5ab f0a17e e07b5b cb533f b22f30 8f1528 640a20";
const GREY = "000000 ffffff";

function table(stops) {
  const colours = stops.split(" ").map((hex) => [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16)));
  const out = new Uint8Array(256 * 3);
  for (let value = 0; value < 256; value += 1) {
    const place = (value / 255) * (colours.length - 1);
    const low = Math.min(Math.floor(place), colours.length - 2);
    for (let k = 0; k < 3; k += 1) {
      const [a, b] = [colours[low][k], colours[low + 1][k]];
      out[value * 3 + k] = Math.round(a + (b - a) * (place - low));
    }
  }
  return out;
}

export const TABLES = {
  grey: table(GREY),
  viridis: table(VIRIDIS),
  inferno: table(INFERNO),
  diverging: table(DIVERGING),
};

/** The range that a colour map spans: a diverging one has zero in its middle. */
export function span(name, low, high) {
  if (name !== "diverging") return [low, high];
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return [-reach, reach];
}

const clamp = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);

/**
 * Colour `pixels` (bytes that stand for min..max) on the scale low..high into `image` (RGBA).
 * When both ranges agree, byte k gets exactly colour k.
 */
export function paintBytes(image, pixels, name, [min, max], [low, high]) {
  const colours = TABLES[name];
  const lookup = new Uint8Array(256);
  const same = min === low && max === high;
  for (let value = 0; value < 256; value += 1) {
    const exact = (min + (value / 255) * (max - min) - low) / (high - low);
    lookup[value] = same ? value : high > low ? clamp(Math.round(exact * 255)) : 0;
  }
  const out = image.data;
  for (let k = 0, o = 0; k < pixels.length; k += 1, o += 4) {
    const c = lookup[pixels[k]] * 3;
    out[o] = colours[c];
    out[o + 1] = colours[c + 1];
    out[o + 2] = colours[c + 2];
    out[o + 3] = 255;
  }
}

/** The same for true values. */
export function paintValues(image, values, name, [low, high]) {
  const colours = TABLES[name];
  const scale = high > low ? 255 / (high - low) : 0;
  const out = image.data;
  for (let k = 0, o = 0; k < values.length; k += 1, o += 4) {
    const c = clamp(Math.round((values[k] - low) * scale)) * 3;
    out[o] = colours[c];
    out[o + 1] = colours[c + 1];
    out[o + 2] = colours[c + 2];
    out[o + 3] = 255;
  }
}

/** A heat picture: the colour by `name`, the opacity is the value itself. */
export function paintHeat(image, bytes, name) {
  const colours = TABLES[name];
  const out = image.data;
  for (let k = 0, o = 0; k < bytes.length; k += 1, o += 4) {
    const c = bytes[k] * 3;
    out[o] = colours[c];
    out[o + 1] = colours[c + 1];
    out[o + 2] = colours[c + 2];
    out[o + 3] = bytes[k];
  }
}

/** A small bar that shows the colour map itself. */
export function paintKey(canvas, name) {
  canvas.width = 256;
  canvas.height = 1;
  const context = canvas.getContext("2d");
  const image = context.createImageData(256, 1);
  paintValues(image, Float32Array.from({ length: 256 }, (_, k) => k), name, [0, 255]);
  context.putImageData(image, 0, 0);
}
