// <pick-directions>: directions of the model, to mix by weight, and how to make one.

import { fetchJson, h } from "../../dom.js";
import { alone, entriesOf, indexOf, isAlone, modelOf, putEntries, toggle } from "./sources.js";
import "./cards.js";

export class Directions extends HTMLElement {
  #about = h("p", { class: "soft", role: "status" });
  #none = h("button", { onclick: () => putEntries("direction", []) }, "None");
  #cards = h("pick-cards");
  #command = h("code", { tabindex: "0" });
  #copied = h("span", { class: "soft", role: "status" });
  #model = "";
  #directions = [];

  connectedCallback() {
    this.append(
      this.#about,
      this.#cards,
      h("div", { class: "draw" }, this.#none, h("button", { class: "quiet", onclick: () => this.#load() }, "Look again")),
      h(
        "aside",
        {},
        h("h3", {}, "Make one of your own photos"),
        h("p", { class: "soft" }, "Put 20 to 200 photos of one thing into a folder and type this in a terminal; then look again."),
        h("div", { class: "command" }, this.#command, h("button", { onclick: () => this.#copy() }, "Copy")),
        this.#copied,
      ),
    );
  }

  update() {
    if (modelOf() !== this.#model) return void this.#load();
    this.#none.disabled = !entriesOf("direction").length;
    this.#cards.update(
      this.#directions.map(({ name, model, shipped, stamp, made }) => ({
        cell: { kind: "direction", name, stamp },
        picture: shipped ? `directions/${model}/${name}.jpg` : null,
        title: name,
        note: shipped ? "" : `yours: ${short(made)}`,
        isAlone: isAlone("direction", (one) => one.name === name),
        isIn: indexOf("direction", name) >= 0,
        alone: () => alone("direction", { name }),
        add: () => toggle("direction", name),
      })),
    );
  }

  rest() {
    this.#cards.rest();
  }

  async #load() {
    const model = (this.#model = modelOf());
    this.#command.textContent = `dreamvid direction mine --photos FOLDER --model ${model}`;
    this.#tell(`Looking for directions of ${model}`);
    try {
      const { directions, left_out: leftOut } = await fetchJson(`api/directions?model=${encodeURIComponent(model)}`);
      if (model !== this.#model) return;
      this.#directions = directions;
      const words = directions.length ? "A weight for each channel: towards a town, a reef, a table. They replace the layers. With plus several are mixed by weight." : `${model} has no direction yet.`;
      this.#tell(leftOut.length ? `${words} Left out: ${leftOut.join("; ")}` : words);
      this.update();
    } catch (error) {
      this.#tell(error.message, true);
    }
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#command.textContent);
      this.#copied.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(this.#command); // over plain http only this machine may copy
      this.#copied.textContent = "Selected: copy it by the keyboard";
    }
  }

  #tell(words, trouble = false) {
    this.#about.textContent = words;
    this.#about.classList.toggle("trouble", trouble);
  }
}

function short(text) {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

customElements.define("pick-directions", Directions);
