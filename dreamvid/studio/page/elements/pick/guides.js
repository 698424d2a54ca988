// <pick-guides>: pictures whose features are amplified, with the size that they are looked at.

import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { studio } from "../../studio.js";
import { addressOf, nameOf } from "../../upload.js";
import { numberField } from "../../fields/number.js";
import { FileButton } from "./filebutton.js";
import { entriesOf, putEntries } from "./sources.js";
import { useAsGuide } from "./use.js";

const SIZE = { low: 32, high: 320, least: 16, most: 1024, whole: true, unit: "px" };

export class Guides extends HTMLElement {
  #list = h("ul", { class: "guides" });
  #shape = "";
  #sizes = [];

  connectedCallback() {
    this.append(
      h("p", { class: "soft" }, "The dream grows shapes and colours that these pictures have. Crop them to what is to be dreamed; a larger size gives fewer and larger shapes. Weights are above."),
      this.#list,
      FileButton.of("Add pictures", { kind: "guide", accept: "image/*", use: useAsGuide, multiple: true }),
    );
  }

  update() {
    const entries = entriesOf("guide");
    const shape = JSON.stringify(entries.map(({ path }) => path));
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#sizes = [];
      const inside = this.#list.contains(document.activeElement);
      this.#list.replaceChildren(...entries.map((one, index) => this.#row(one, index)));
      if (inside) this.#list.querySelector("button")?.focus();
    }
    entries.forEach(({ size }, index) => this.#sizes[index].show(size ?? 96, false));
  }

  #row({ path }, index) {
    const key = `dream.guide[${index}].size`;
    const name = nameOf(path);
    const field = numberField(SIZE, `Size of ${name}`, { set: (value) => studio.set(key, value), reset: () => studio.set(key, 96) });
    this.#sizes.push(field);
    const address = addressOf(path);
    return h(
      "li",
      {},
      address ? h("img", { src: address, alt: "" }) : h("span", { class: "blank" }),
      h("span", { class: "name", title: path }, name),
      h("button", { class: "quiet round", "aria-label": `Remove ${name}`, onclick: () => putEntries("guide", entriesOf("guide").filter((_, at) => at !== index)) }, icon("close")),
      h("span", { class: "field" }, h("span", { class: "soft" }, "size"), ...field.nodes),
    );
  }
}

customElements.define("pick-guides", Guides);
