// <pick-painting>: tools of a mask that is painted on the picture; each stroke is sent and kept.

import { h } from "../../dom.js";
import { studio } from "../../studio.js";
import { addressOf, upload } from "../../upload.js";
import "../mask.js";

const WAIT = 350; // milliseconds after a stroke

export class Painting extends HTMLElement {
  #start = h("button", { class: "wide", onclick: () => this.#begin() }, "Paint it on the picture");
  #size = this.#slider("Brush", "size", 0.04, 1);
  #softness = this.#slider("Soft edge", "softness", 0, 1);
  #erase = h("button", { "aria-pressed": "false", onclick: () => this.#toggle() }, "Erase");
  #told = h("p", { class: "soft", role: "status" });
  #tools = h(
    "div",
    { class: "tools", hidden: true },
    this.#size,
    this.#softness,
    h("div", { class: "draw" }, this.#erase, h("button", { onclick: () => this.#paint.invert() }, "Invert"), h("button", { onclick: () => this.#paint.clear() }, "Clear"), h("button", { class: "primary", onclick: () => this.end() }, "Done")),
    this.#told,
  );
  #paint = null;
  #timer = 0;

  connectedCallback() {
    this.append(this.#start, this.#tools);
  }

  /** Take the layer off the picture; what was painted stays. */
  end() {
    if (!this.#paint) return;
    if (this.#timer) this.#send();
    this.#paint.remove();
    this.#paint = null;
    this.#tools.hidden = true;
    this.#start.hidden = false;
  }

  async #begin() {
    const { overlay, picture } = document.querySelector("dream-stage");
    const mask = studio.state.values["dream.mask"];
    this.#paint = h("mask-paint");
    for (const input of this.#tools.querySelectorAll("input")) this.#paint[input.name] = Number(input.value);
    this.#paint.addEventListener("painted", () => this.#soon());
    overlay.append(this.#paint);
    this.#start.hidden = true;
    this.#tools.hidden = false;
    this.#erase.setAttribute("aria-pressed", "false");
    this.#tell("Paint where it shall dream.");
    await this.#paint.begin([picture.width, picture.height], addressOf(mask?.path), mask?.path && mask.invert);
    this.#paint?.focus();
  }

  #toggle() {
    this.#paint.erasing = !this.#paint.erasing;
    this.#erase.setAttribute("aria-pressed", String(this.#paint.erasing));
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), WAIT);
  }

  async #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const strength = studio.state.values["dream.mask"]?.strength;
    try {
      const file = await this.#paint.export();
      if (!file) {
        this.#tell("Nothing is painted: it dreams everywhere.");
        return studio.send("set", { key: "dream.mask", value: "none" });
      }
      const { path } = await upload(new File([file], "painted.png", { type: "image/png" }), "mask");
      studio.send("set", { key: "dream.mask", value: { path, ...(strength == null || strength === 1 ? {} : { strength }) } });
      this.#tell("");
    } catch (error) {
      this.#tell(error.message, true);
    }
  }

  #slider(title, name, least, most) {
    const value = { size: 0.25, softness: 0.6 }[name];
    const input = h("input", { type: "range", name, min: least, max: most, step: 0.01, value, oninput: () => fill(this.#paint && (this.#paint[name] = Number(input.value))) });
    const fill = () => input.style.setProperty("--share", `${(100 * (input.value - least)) / (most - least)}%`);
    fill();
    return h("label", { class: "number" }, h("span", {}, title), h("span", { class: "field" }, input));
  }

  #tell(words, trouble = false) {
    this.#told.textContent = words;
    this.#told.classList.toggle("trouble", trouble);
  }
}

customElements.define("pick-painting", Painting);
