// <dream-stage>: the picture that is dreamed, as large as its place allows.
//
// For other elements: `stage.overlay` lies exactly on the picture (children place themselves in
// per cent), `stage.picture` is the canvas with the newest picture, `stage.sharesAt(event)` gives
// the place of a pointer as shares [x, y], 0 to 1. A child of the overlay with `pointer-events:
// auto` keeps clicks from the stage.

import { h } from "../dom.js";
import { studio } from "../studio.js";

export class Stage extends HTMLElement {
  /** Canvas with the newest picture. */
  picture = h("canvas", { role: "img", "aria-label": "The picture that is dreamed" });
  /** Layer that lies exactly on the picture. */
  overlay = h("div", { class: "layer" });

  connectedCallback() {
    this.append(this.picture, this.overlay);
    new ResizeObserver(() => this.#place()).observe(this);
    studio.addEventListener("picture", ({ detail }) => this.#draw(detail));
  }

  /** Give the place of a pointer on the picture as shares [x, y], from 0 to 1 within it. */
  sharesAt({ clientX, clientY }) {
    const box = this.overlay.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  }

  async #draw({ blob }) {
    const bitmap = await createImageBitmap(blob);
    const { picture } = this;
    if (picture.width !== bitmap.width || picture.height !== bitmap.height) {
      picture.width = bitmap.width;
      picture.height = bitmap.height;
      this.#place();
    }
    picture.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    studio.ready();
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
}

customElements.define("dream-stage", Stage);
