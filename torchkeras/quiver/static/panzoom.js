// Move and scale a drawing by wheel, drag, touch and pinch.

const LEAST = 0.12;
const MOST = 2.5;
const SLOP = 5; // px that a click may move

export class PanZoom {
  /** `changed` is called once a frame with {x, y, k}: screen = world * k + (x, y). */
  constructor(surface, changed) {
    this.surface = surface;
    this.changed = changed;
    this.x = 0;
    this.y = 0;
    this.k = 1;
    this.world = { width: 1, height: 1 };
    this.pointers = new Map();
    this.dragged = false;
    this.frame = 0;
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    surface.addEventListener("pointerdown", (event) => this.down(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      surface.addEventListener(kind, (event) => this.up(event));
    }
    // A drag that ends on a node is no click on it.
    surface.addEventListener("click", (event) => this.dragged && event.stopPropagation(), true);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.surface;
    const keep = 60; // px of the drawing that stay in sight
    this.x = Math.min(width - keep, Math.max(keep - this.world.width * this.k, this.x));
    this.y = Math.min(height - keep, Math.max(keep - this.world.height * this.k, this.y));
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.changed(this);
    });
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  zoom(factor, px = this.surface.clientWidth / 2, py = this.surface.clientHeight / 2) {
    const k = Math.min(MOST, Math.max(LEAST, this.k * factor));
    this.x = px - ((px - this.x) * k) / this.k;
    this.y = py - ((py - this.y) * k) / this.k;
    this.k = k;
    this.draw();
  }

  /** Show the whole width if it stays readable, from the top. */
  fit(world, anchor = world.width / 2) {
    this.world = world;
    const { clientWidth: width } = this.surface;
    this.k = Math.min(1, Math.max(0.62, (width - 24) / world.width));
    const fits = world.width * this.k <= width;
    this.x = fits ? (width - world.width * this.k) / 2 : width / 2 - anchor * this.k;
    this.y = 18;
    this.draw();
  }

  /** The whole drawing in sight. */
  whole() {
    const { clientWidth: width, clientHeight: height } = this.surface;
    const k = Math.min((width - 24) / this.world.width, (height - 24) / this.world.height, 1);
    this.k = Math.max(LEAST, k);
    this.x = (width - this.world.width * this.k) / 2;
    this.y = Math.max(12, (height - this.world.height * this.k) / 2);
    this.draw();
  }

  /** Bring a box into sight, moving no more than needed. */
  show({ x, y, width, height }, margin = 24) {
    const { clientWidth, clientHeight } = this.surface;
    const shift = (start, length, room) => {
      const free = Math.min(margin, (room - length) / 2);
      if (start < free) return free - start;
      if (start + length > room - free) return Math.max(free - start, room - free - start - length);
      return 0;
    };
    this.pan(
      shift(x * this.k + this.x, width * this.k, clientWidth),
      shift(y * this.k + this.y, height * this.k, clientHeight),
    );
  }

  wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      const { left, top } = this.surface.getBoundingClientRect();
      const step = Math.max(-60, Math.min(60, event.deltaY * unit));
      this.zoom(Math.exp(-step * 0.008), event.clientX - left, event.clientY - top);
    } else if (event.shiftKey && !event.deltaX) this.pan(-event.deltaY * unit, 0);
    else this.pan(-event.deltaX * unit, -event.deltaY * unit);
  }

  down(event) {
    if (event.pointerType === "mouse" && event.button > 1) return;
    if (!this.pointers.size) this.dragged = false;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.start = { x: event.clientX, y: event.clientY };
  }

  move(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!this.dragged) {
      if (Math.hypot(now.x - this.start.x, now.y - this.start.y) < SLOP) return;
      this.dragged = true;
      this.surface.setPointerCapture(event.pointerId);
      this.surface.classList.add("dragging");
    }
    if (this.pointers.size === 1) this.pan(now.x - last.x, now.y - last.y);
    else if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const before = Math.hypot(last.x - other.x, last.y - other.y);
      const after = Math.hypot(now.x - other.x, now.y - other.y);
      const { left, top } = this.surface.getBoundingClientRect();
      this.pan((now.x - last.x) / 2, (now.y - last.y) / 2);
      if (before > 1) this.zoom(after / before, (now.x + other.x) / 2 - left, (now.y + other.y) / 2 - top);
    }
    this.pointers.set(event.pointerId, now);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return;
    this.surface.classList.remove("dragging");
    // The click that follows the drag comes before this.
    setTimeout(() => (this.dragged = false));
  }
}
