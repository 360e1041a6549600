// A live page: the epochs so far on a slider, played at will, followed while training goes on.

import { api } from "./api.js";
import { $, calm } from "./dom.js";
import { get, on, set } from "./state.js";

const ASK = 2000; // ms between two questions for news
const LONGEST = 30000; // ... when nobody answers
const FRAME = 700; // ms an epoch is shown when played

let playing = 0;

const list = () => get().session?.checkpoints ?? [];
const place = () => list().findIndex((one) => one.id === get().checkpoint);

function show(k) {
  const all = list();
  const one = all[Math.max(0, Math.min(all.length - 1, k))];
  if (one) set({ checkpoint: one.id, follow: one === all.at(-1) });
}

function stop() {
  clearTimeout(playing);
  playing = 0;
  $("#play").setAttribute("aria-pressed", "false");
  $("#play").setAttribute("aria-label", "Play the epochs");
}

/** One epoch after the other, each only when the one before is on the page. */
function play() {
  const next = () => {
    if ($("#maps").classList.contains("waiting")) playing = setTimeout(next, 60);
    else if (place() >= list().length - 1) stop();
    else {
      show(place() + 1);
      playing = setTimeout(next, calm() ? 2 * FRAME : FRAME);
    }
  };
  if (place() >= list().length - 1) show(0);
  $("#play").setAttribute("aria-pressed", "true");
  $("#play").setAttribute("aria-label", "Pause");
  playing = setTimeout(next, FRAME);
}

function draw() {
  const { session, checkpoint, follow } = get();
  if (!session) return;
  const bar = $("#epochs");
  bar.hidden = !session.live;
  if (!session.live) return;
  const slider = $("#epoch");
  const now = place();
  const label = session.checkpoints[now]?.label ?? "";
  slider.max = Math.max(0, session.checkpoints.length - 1);
  slider.value = Math.max(0, now);
  slider.disabled = session.checkpoints.length < 2;
  slider.setAttribute("aria-valuetext", label);
  $("#epoch-label").textContent = checkpoint === null ? "waiting for the first epoch" : label;
  const { epoch, epochs } = session;
  const going = epochs && epoch < epochs;
  $("#training").textContent = epoch === undefined ? "" : `epoch ${epoch}${epochs ? ` of ${epochs}` : ""}`;
  bar.classList.toggle("going", Boolean(going));
  $("#newest").setAttribute("aria-pressed", String(follow));
}

/** Take over a new session; `version` tells whether there is anything new. */
export async function adopt(session) {
  const { session: old, checkpoint, follow } = get();
  const patch = { session };
  const known = session.checkpoints.some((one) => one.id === checkpoint);
  if (session.live && (follow || !known) && !playing) {
    patch.checkpoint = session.checkpoints.at(-1)?.id ?? null;
  } else if (!known) patch.checkpoint = session.checkpoints[0]?.id ?? null;
  if (old && old.version !== session.version) {
    const images = await api.images().catch(() => get().images);
    if (JSON.stringify(images) !== JSON.stringify(get().images)) patch.images = images;
  }
  const same = old && JSON.stringify(old) === JSON.stringify(session);
  if (!same) set(patch);
}

async function ask(wait) {
  let next = ASK;
  if (!document.hidden) {
    try {
      await adopt(await api.session());
    } catch {
      next = Math.min(LONGEST, wait * 2); // the training process may have ended
      $("#training").textContent = "not connected";
      $("#epochs").classList.remove("going");
    }
  }
  if (get().session.live) setTimeout(() => ask(next), next);
}

export function startEpochs() {
  $("#epoch").addEventListener("input", (event) => {
    stop();
    show(Number(event.target.value));
  });
  $("#play").addEventListener("click", () => (playing ? stop() : play()));
  $("#newest").addEventListener("click", () => {
    stop();
    show(list().length - 1);
  });
  on(["session", "checkpoint", "follow"], draw);
}

export function watch() {
  if (get().session.live) setTimeout(() => ask(ASK), ASK);
}
