// The checkpoint that is shown and what it is compared with: another image or another checkpoint.

import { $, fillSelect, h } from "./dom.js";
import { get, on, set } from "./state.js";

function fill() {
  const { session, images, image, checkpoint, other } = get();
  if (!session) return;
  const picker = $("#checkpoint");
  fillSelect(picker, session.checkpoints, () =>
    session.checkpoints.map((one) => h("option", { value: one.id, text: one.label })));
  picker.value = checkpoint ?? "";
  $("#checkpoint-field").hidden = session.checkpoints.length < 2 || session.live;

  const others = images.filter((one) => one.id !== image);
  const checkpoints = session.checkpoints.filter((one) => one.id !== checkpoint);
  const select = $("#compare");
  const group = (label, list) => (list.length ? [h("optgroup", { label }, ...list)] : []);
  const entry = (kind) => (one) => h("option", { value: `${kind}:${one.id}`, text: one.label ?? one.name });
  fillSelect(select, [checkpoints, others], () => [
    h("option", { value: "", text: "nothing" }),
    ...group("Checkpoints", checkpoints.map(entry("checkpoint"))),
    ...group("Images", others.map(entry("image"))),
  ]);
  select.value = other ? `${other.kind}:${other.id}` : "";
  $("#compare-field").hidden = !others.length && !checkpoints.length;
  document.body.classList.toggle("comparing", Boolean(other));
}

/** A side that has gone, or has become the same as the other, is no comparison any more. */
function check() {
  const { other, session, images, image, checkpoint } = get();
  if (!other) return;
  const list = other.kind === "image" ? images : session.checkpoints;
  const left = other.kind === "image" ? image : checkpoint;
  if (other.id === left || !list.some((one) => one.id === other.id)) set({ other: null });
}

export function startCompare() {
  $("#checkpoint").addEventListener("change", (event) => set({ checkpoint: Number(event.target.value), follow: false }));
  $("#compare").addEventListener("change", (event) => {
    const [kind, id] = event.target.value.split(":");
    set({ other: kind ? { kind, id: kind === "image" ? id : Number(id) } : null });
  });
  $("#swap").addEventListener("click", () => {
    const { other, image, checkpoint } = get();
    if (other?.kind === "image") set({ image: other.id, other: { kind: "image", id: image } });
    else if (other) set({ checkpoint: other.id, follow: false, other: { kind: "checkpoint", id: checkpoint } });
  });
  on(["images", "session", "image", "checkpoint"], check);
  on(["session", "images", "image", "checkpoint", "other"], fill);
}
