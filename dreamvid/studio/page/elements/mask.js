// <mask-paint>: a layer on the picture on which a mask is painted with a soft brush.
//
// What is painted is where the dream acts. By keyboard: arrows move the brush, Space paints.
// Events: "painted" after each stroke, and "place" when the brush has moved by keyboard.

import { h } from "../dom.js";

const WIDTH = 512; // pixels of the mask's longer side
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.03; // of the picture, for a key
const NOTHING = 8; // of 255: what is fainter is not painted

export class MaskPaint extends HTMLElement {
  /** Diameter of the brush as a share of the picture's shorter side, and its softness, 0 to 1. */
  size = 0.25;
  softness = 0.6;
  erasing = false;
  #canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": "Mask on the picture. Arrow keys move the brush, Space paints." });
  #brush = h("span", { class: "brush", hidden: true });
  #from = null; // where the stroke is, as shares
  #place = [0.5, 0.5]; // of the brush

  connectedCallback() {
    this.append(this.#canvas, this.#brush);
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#follow(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.#end());
    canvas.addEventListener("pointerleave", () => (this.#brush.hidden = true));
    canvas.addEventListener("keydown", (event) => this.#press(event));
    canvas.addEventListener("blur", () => (this.#brush.hidden = true));
    new ResizeObserver(() => this.#show()).observe(this);
  }

  /** Begin with the picture of a mask, or with nothing; `shape` is [width, height] of the film. */
  async begin([width, height], address, invert) {
    const scale = WIDTH / Math.max(width, height);
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    if (address) await this.#load(address);
    if (invert) this.invert(false);
  }

  clear() {
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#tell();
  }

  invert(tell = true) {
    this.#with("xor", (context) => context.fillRect(0, 0, this.#canvas.width, this.#canvas.height));
    if (tell) this.#tell();
  }

  /** Make a PNG, white where it is painted, on black; null where nothing is. */
  async export() {
    const { width, height } = this.#canvas;
    const alphas = this.#context.getImageData(0, 0, width, height).data;
    if (!alphas.some((value, index) => index % 4 === 3 && value > NOTHING)) return null;
    const copy = new OffscreenCanvas(width, height);
    const context = copy.getContext("2d");
    context.fillRect(0, 0, width, height); // black
    context.drawImage(this.#canvas, 0, 0);
    return copy.convertToBlob({ type: "image/png" });
  }

  focus() {
    this.#canvas.focus();
  }

  get #context() {
    return this.#canvas.getContext("2d", { willReadFrequently: true });
  }

  get #radius() {
    return (this.size / 2) * Math.min(this.#canvas.width, this.#canvas.height);
  }

  /** Take a mask's picture: painted where it is light and opaque. */
  async #load(address) {
    const picture = Object.assign(new Image(), { src: address });
    try {
      await picture.decode();
    } catch {
      return; // it is not there any more: begin with nothing
    }
    const { width, height } = this.#canvas;
    const context = this.#context;
    context.drawImage(picture, 0, 0, width, height);
    const image = context.getImageData(0, 0, width, height);
    const { data } = image;
    for (let at = 0; at < data.length; at += 4) {
      const light = (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]) / 255;
      [data[at], data[at + 1], data[at + 2], data[at + 3]] = [255, 255, 255, light * data[at + 3]];
    }
    context.putImageData(image, 0, 0);
  }

  #with(operation, draw) {
    const context = this.#context;
    context.globalCompositeOperation = operation;
    context.fillStyle = "#fff";
    draw(context);
    context.globalCompositeOperation = "source-over";
  }

  #shares({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  }

  #begin(event) {
    if (event.button !== 0) return;
    event.stopPropagation();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#from = this.#shares(event);
    this.#stroke(this.#from);
  }

  #follow(event) {
    this.#place = this.#shares(event);
    this.#show(true);
    if (!this.#from) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) this.#stroke(this.#shares(one));
  }

  #end() {
    if (this.#from) this.#tell();
    this.#from = null;
  }

  /** Stamp the brush on the way from the last place to this one. */
  #stroke(to) {
    const { width, height } = this.#canvas;
    const [x0, y0] = [this.#from[0] * width, this.#from[1] * height];
    const [x1, y1] = [to[0] * width, to[1] * height];
    const count = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / (this.#radius / 3)));
    for (let step = 1; step <= count; step++) this.#stamp(x0 + ((x1 - x0) * step) / count, y0 + ((y1 - y0) * step) / count);
    this.#from = to;
  }

  #stamp(x, y) {
    const radius = this.#radius;
    this.#with(this.erasing ? "destination-out" : "source-over", (context) => {
      const gradient = context.createRadialGradient(x, y, radius * (1 - this.softness) * 0.95, x, y, radius);
      gradient.addColorStop(0, `rgb(255 255 255 / ${1 - this.softness * 0.65})`);
      gradient.addColorStop(1, "rgb(255 255 255 / 0)");
      context.fillStyle = gradient;
      context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    });
  }

  #press(event) {
    const arrow = ARROWS[event.key];
    if (!arrow && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (arrow) this.#place = this.#place.map((share, axis) => Math.min(1, Math.max(0, share + arrow[axis] * STEP)));
    else {
      this.#from = this.#place;
      this.#stroke(this.#place);
      this.#end();
    }
    this.#show(true);
  }

  #show(seen = !this.#brush.hidden) {
    const { width, height } = this.#canvas.getBoundingClientRect();
    this.#brush.hidden = !seen;
    const diameter = this.size * Math.min(width, height);
    const { style } = this.#brush;
    style.width = style.height = `${diameter}px`;
    style.left = `${this.#place[0] * width}px`;
    style.top = `${this.#place[1] * height}px`;
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("painted"));
  }
}

customElements.define("mask-paint", MaskPaint);
