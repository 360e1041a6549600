// Every request of the page. A busy server (503) is asked again when it says so.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const url = (path) => new URL(path, document.baseURI).href;
const PATIENCE = 60; // times that a busy server is asked again

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("left", "AbortError"));
    });
  });
}

async function refusal(response) {
  let message = "";
  try {
    message = (await response.json()).error.message;
  } catch {
    // Not our server's JSON: the status must do.
  }
  return new ApiError(message || `The server answered ${response.status}.`, response.status);
}

async function request(path, signal) {
  for (let turn = 0; ; turn += 1) {
    let response;
    try {
      response = await fetch(url(path), { signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError("The server does not answer. Is it still running?", 0);
    }
    if (response.ok) return response;
    if (response.status !== 503 || turn >= PATIENCE) throw await refusal(response);
    await pause(Number(response.headers.get("Retry-After")) || 1, signal);
  }
}

const json = async (path, signal) => (await request(path, signal)).json();
const blob = async (path, signal) => (await request(path, signal)).blob();

function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

export const api = {
  session: (signal) => json("api/session", signal),
  graph: (checkpoint, signal) => json(`api/graph/${checkpoint}`, signal),
  images: (signal) => json("api/images", signal),
  picture: (image, size) => url(`api/images/${image}.png?size=${size}`),
  predictions: ({ checkpoint, image }, signal) =>
    json(`api/predictions/${checkpoint}/${image}`, signal),
  view: ({ checkpoint, node, image }, signal) =>
    json(`api/view/${checkpoint}/${node}/${image}`, signal),
  tiles: ({ checkpoint, node, image }, scale, signal) =>
    blob(`api/tiles/${checkpoint}/${node}/${image}.png?scale=${scale}`, signal),
  async values({ checkpoint, node, image }, map, signal) {
    const path = `api/values/${checkpoint}/${node}/${image}${query({ map })}`;
    return new Float32Array(await (await request(path, signal)).arrayBuffer());
  },
  kernel: ({ checkpoint, node }, map, signal) =>
    json(`api/kernel/${checkpoint}/${node}${query({ map })}`, signal),
  explain: ({ checkpoint, node, image }, options, signal) =>
    json(`api/explain/${checkpoint}/${node}/${image}${query(options)}`, signal),
  heat: ({ checkpoint, node, image }, options, signal) =>
    blob(`api/explain/${checkpoint}/${node}/${image}.png${query(options)}`, signal),

  /** XMLHttpRequest and not fetch: only it tells how much of the body is sent. */
  upload(file, progress) {
    return new Promise((resolve, reject) => {
      const sent = new XMLHttpRequest();
      sent.open("POST", url("api/images"));
      sent.setRequestHeader("X-Quiver-Name", encodeURIComponent(file.name.toWellFormed?.() ?? file.name));
      sent.setRequestHeader("Content-Type", "application/octet-stream");
      sent.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress(event.loaded / event.total);
      });
      sent.addEventListener("load", () => {
        let answer = null;
        try {
          answer = JSON.parse(sent.responseText);
        } catch {
          // handled below
        }
        if (sent.status === 201 && answer) resolve(answer);
        else {
          const fallback = sent.status === 413 ? "The file is too large." : `The server answered ${sent.status}.`;
          reject(new ApiError(answer?.error?.message ?? fallback, sent.status));
        }
      });
      // A server that refuses a body for its size may hang up before the body is sent.
      sent.addEventListener("error", () =>
        reject(new ApiError("The file was not taken: it may be too large, or the server has gone.", 0)));
      sent.send(file);
    });
  },
};
