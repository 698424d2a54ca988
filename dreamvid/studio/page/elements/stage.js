// <dream-stage>: the picture that is dreamed, as large as its place allows.
//
// For other elements: `stage.overlay` lies exactly on the picture (children place themselves in
// per cent), `stage.picture` is the canvas with the newest picture, `stage.sharesAt(event)` gives
// the place of a pointer as shares [x, y], 0 to 1. A child of the overlay with `pointer-events:
// auto` keeps clicks from the stage. `stage.toggleFull()` enters and leaves full screen.

import { h } from "../dom.js";
import { shortcut } from "../keys.js";
import { studio } from "../studio.js";
import "./target.js";

const IDLE = 2500; // milliseconds until the pointer is hidden in full screen

export class Stage extends HTMLElement {
  /** Canvas with the newest picture. */
  picture = h("canvas", { role: "img", "aria-label": "The picture that is dreamed" });
  /** Layer that lies exactly on the picture. */
  overlay = h("div", { class: "layer" });
  #note = h("p", { class: "note", role: "status" });
  #counter = h("p", { class: "counter", "aria-hidden": "true" });
  #seen = false; // a picture has come
  #resting = 0;

  connectedCallback() {
    this.overlay.append(h("dream-target"));
    this.append(this.picture, this.overlay, this.#note, this.#counter);
    new ResizeObserver(() => this.#place()).observe(this);
    studio.addEventListener("picture", ({ detail }) => this.#draw(detail));
    for (const name of ["status", "connection"]) studio.addEventListener(name, () => this.#tell());
    this.addEventListener("pointermove", () => this.#wake());
    shortcut("f", () => this.toggleFull());
    this.#tell();
  }

  /** Give the place of a pointer on the picture as shares [x, y], from 0 to 1 within it. */
  sharesAt({ clientX, clientY }) {
    const box = this.overlay.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.requestFullscreen?.();
  }

  async #draw({ blob, frame }) {
    try {
      const bitmap = await createImageBitmap(blob);
      const { picture } = this;
      if (picture.width !== bitmap.width || picture.height !== bitmap.height) {
        picture.width = bitmap.width;
        picture.height = bitmap.height;
        this.#place();
      }
      picture.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
      this.#counter.textContent = frame < 0 ? "start" : String(frame);
      if (!this.#seen) this.#tell((this.#seen = true));
    } finally {
      studio.ready();
    }
  }

  #place() {
    const { width, height } = this.picture;
    const scale = Math.min(this.clientWidth / width, this.clientHeight / height);
    for (const { style } of [this.picture, this.overlay]) {
      style.width = `${width * scale}px`;
      style.height = `${height * scale}px`;
      style.left = `${(this.clientWidth - width * scale) / 2}px`;
      style.top = `${(this.clientHeight - height * scale) / 2}px`;
    }
  }

  #tell() {
    const { status } = studio;
    const note = noteOf(status, this.#seen);
    if (this.#note.textContent !== note) this.#note.textContent = note;
    this.#note.hidden = !note;
    this.classList.toggle("busy", Boolean(note));
    this.classList.toggle("empty", !this.#seen);
  }

  #wake() {
    this.classList.remove("resting");
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.classList.toggle("resting", Boolean(document.fullscreenElement)), IDLE);
  }
}

function noteOf(status, seen) {
  if (!studio.connected) return seen ? "" : "Connecting";
  if (!status || status.worker === "starting") return "The model is being loaded";
  if (status.worker === "stopped") return "";
  if (!seen || (status.playing && status.frame < 0)) return "The first frames are being dreamed";
  return "";
}

customElements.define("dream-stage", Stage);
