// <dream-wipe>: variant A's picture of the frame that is shown, left of a divider to drag.
//
// It lies on the stage's picture. `a` pins what is there as A, `w` shows and hides the wipe.

import { h } from "../dom.js";
import { studio } from "../studio.js";

const STEP = 0.02; // of the width, for an arrow key

export class Wipe extends HTMLElement {
  #share = 0.5; // of the width that A has
  #open = true;
  #revision = undefined; // of A
  #frame = -1; // of the live picture
  #loaded = null; // "revision/frame" of A's picture that is painted
  #loading = false;

  connectedCallback() {
    if (this.canvas) return;
    this.canvas = h("canvas", { role: "img", "aria-label": "Variant A" });
    this.bar = h("div", { class: "bar", role: "slider", tabindex: "0", "aria-label": "Divider of A and B", "aria-valuemin": "0", "aria-valuemax": "100" });
    this.tagA = h("span", { class: "tag a" }, "A");
    this.tagB = h("span", { class: "tag b" }, "B, live");
    this.append(this.canvas, this.bar, this.tagA, this.tagB, this.#makeTools());
    this.bar.addEventListener("pointerdown", (event) => this.#grab(event));
    this.bar.addEventListener("pointermove", (event) => this.bar.hasPointerCapture(event.pointerId) && this.#move(event));
    this.bar.addEventListener("keydown", (event) => this.#press(event));
    studio.addEventListener("picture", ({ detail }) => this.#follow(detail));
    studio.addEventListener("state", () => this.#show());
    this.#show();
  }

  /** Show the wipe, or hide it; A stays pinned. Without an A, what is there is pinned. */
  toggle() {
    if (!studio.state?.variant) return studio.send("pin");
    this.#open = !this.#open;
    this.#show();
    this.dispatchEvent(new Event("toggled", { bubbles: true }));
  }

  get open() {
    return this.#open && Boolean(studio.state?.variant);
  }

  #makeTools() {
    const button = (text, title, type) => h("button", { class: "quiet", title, onclick: () => studio.send(type) }, text);
    return h(
      "div",
      { class: "tools", role: "group", "aria-label": "Compare A and B" },
      button("Swap", "Exchange A and the live settings", "swap"),
      button("Pin anew", "Keep the live settings and pictures as A (a)", "pin"),
      button("Let go", "Forget A", "unpin"),
    );
  }

  #show() {
    const { variant } = studio.state ?? {};
    if (variant?.revision !== this.#revision) this.#open = true; // pinned anew, or let go
    this.#revision = variant?.revision;
    this.hidden = !this.open;
    if (this.hidden) return;
    this.#place();
    this.#load();
  }

  #follow({ kind, frame }) {
    if (kind === 1) return; // between two frames: A's own stays
    this.#frame = frame;
    if (!this.hidden) this.#load();
  }

  async #load() {
    const { variant } = studio.state;
    const name = `${variant.revision}/${this.#frame}`;
    if (this.#loading || name === this.#loaded) return;
    this.#loading = true;
    try {
      await this.#paint(variant, this.#frame);
      this.#loaded = name;
    } finally {
      this.#loading = false;
    }
    const now = studio.state.variant;
    if (now && name !== `${now.revision}/${this.#frame}`) this.#load();
  }

  /** Paint A's picture of a frame; where there is none, say so. */
  async #paint({ revision, first, last }, frame) {
    const inside = frame >= first && frame <= last;
    const reply = inside && (await fetch(`pictures/a/${frame}?revision=${revision}`).catch(() => null));
    const bitmap = reply && reply.ok ? await createImageBitmap(await reply.blob()).catch(() => null) : null;
    const { canvas } = this;
    if (bitmap) {
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
    } else canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    this.tagA.textContent = bitmap ? "A" : last < Math.max(0, first) ? "A has no frames" : `A has frames ${Math.max(0, first)} to ${last} only`;
  }

  #place() {
    const share = this.#share * 100;
    this.bar.style.left = `${share}%`;
    this.canvas.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.bar.setAttribute("aria-valuenow", Math.round(share));
    this.bar.setAttribute("aria-valuetext", `A has ${Math.round(share)} % of the picture`);
    this.tagA.hidden = this.#share < 0.04;
    this.tagB.hidden = this.#share > 0.96;
  }

  #set(share) {
    this.#share = Math.max(0, Math.min(share, 1));
    this.#place();
  }

  #grab(event) {
    if (event.button) return;
    event.stopPropagation();
    event.preventDefault();
    this.bar.focus({ preventScroll: true, focusVisible: false });
    this.bar.setPointerCapture(event.pointerId);
  }

  #move({ clientX }) {
    const box = this.getBoundingClientRect();
    this.#set((clientX - box.left) / box.width);
  }

  #press(event) {
    const by = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -5 * STEP, PageUp: 5 * STEP }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? 1 : this.#share + by;
    if (!Number.isFinite(to)) return;
    event.preventDefault();
    this.#set(to);
  }
}

customElements.define("dream-wipe", Wipe);
