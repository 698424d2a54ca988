// <pick-mask>: where the dream acts: a shape, a picture, what moves, or painted by hand.

import { h } from "../../dom.js";
import { studio } from "../../studio.js";
import { nameOf } from "../../upload.js";
import { numberField } from "../../fields/number.js";
import { FileButton } from "./filebutton.js";
import { Painting } from "./painting.js";
import { send } from "./sources.js";
import { useAsMask } from "./use.js";

const SHAPES = ["centre", "edge", "horizon", "sky", "ground", "left", "right"];
const SHAPED = [...SHAPES, "motion"];
const NUMBERS = {
  size: { title: "Size", low: 0.05, high: 1, least: 0, most: 1, fallback: 0.5, of: (mask) => mask.shape },
  feather: { title: "Softness", low: 0, high: 0.5, least: 0, most: 0.5, fallback: 0.05, of: () => true },
  strength: { title: "Strength", low: 0.05, high: 1, least: 0, most: 1, fallback: 1, of: () => true },
};

export class Mask extends HTMLElement {
  #shapes = [this.#choice("everywhere", "none"), ...SHAPES.map((shape) => this.#choice(shape, shape)), this.#choice("motion", "motion")];
  #file = h("p", { class: "soft" });
  #rows = Object.entries(NUMBERS).map(([name, number]) => this.#row(name, number));
  #invert = h("input", { type: "checkbox", role: "switch", onchange: () => studio.send("set", { key: "dream.mask.invert", value: this.#invert.checked }) });
  #inverted = h("label", { class: "check" }, this.#invert, "Everywhere else instead");
  #painting = new Painting();

  connectedCallback() {
    this.append(
      h("p", { class: "soft" }, "Where the dream acts; elsewhere the picture only moves."),
      h("div", { class: "shapes", role: "group", "aria-label": "Shape of the mask" }, ...this.#shapes),
      this.#painting,
      FileButton.of("A picture as the mask", { kind: "mask", accept: "image/*", use: useAsMask }),
      this.#file,
      ...this.#rows.map(({ node }) => node),
      this.#inverted,
    );
  }

  update() {
    const { "dream.mask": mask, "start.kind": kind } = studio.state.values;
    const now = !mask ? "none" : mask.shape ?? (mask.motion ? "motion" : "file");
    for (const one of this.#shapes) {
      one.setAttribute("aria-pressed", String(one.dataset.mask === now));
      if (one.dataset.mask === "motion") one.hidden = kind !== "video"; // only footage has any
    }
    this.#file.hidden = !mask?.path;
    this.#file.textContent = mask?.path ? `The picture ${nameOf(mask.path)}: where it is light` : "";
    for (const { node, name, field } of this.#rows) {
      node.hidden = !mask || !NUMBERS[name].of(mask);
      const value = mask?.[name] ?? (name === "feather" && mask?.path ? 0 : NUMBERS[name].fallback);
      field.show(typeof value === "number" ? value : NUMBERS[name].fallback, typeof value !== "number");
    }
    this.#inverted.hidden = !mask;
    this.#invert.checked = Boolean(mask?.invert);
  }

  rest() {
    this.#painting.end();
  }

  #choice(words, mask) {
    return h("button", { "data-mask": mask, onclick: () => this.#choose(mask) }, SHAPED.includes(mask) ? h("span", { class: `shape ${mask}`, "aria-hidden": "true" }) : null, words);
  }

  #choose(mask) {
    this.#painting.end();
    send({ "dream.mask": mask });
  }

  #row(name, { title, fallback, ...limits }) {
    const key = `dream.mask.${name}`;
    const field = numberField({ ...limits, unit: "" }, `${title} of the mask`, { set: (value) => studio.set(key, value), reset: () => studio.set(key, fallback) });
    return { name, field, node: h("div", { class: "number" }, h("span", {}, title), h("span", { class: "field" }, ...field.nodes)) };
  }
}

customElements.define("pick-mask", Mask);
