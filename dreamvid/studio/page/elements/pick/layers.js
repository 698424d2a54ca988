// <pick-layers>: layers of the model from input to output, and the channels of one of them.

import { fetchJson, h } from "../../dom.js";
import { icon } from "../../icons.js";
import { alone, entriesOf, indexOf, isAlone, modelOf, toggle, toggleChannel } from "./sources.js";
import "./cards.js";

const PAGE = 24; // channels shown at first, and more each time

export class Layers extends HTMLElement {
  #about = h("p", { class: "soft" });
  #all = h("input", { type: "checkbox", onchange: () => this.update() });
  #choice = h("label", { class: "check" }, this.#all, "Show all layers, those too that only pass on");
  #back = h("button", { class: "quiet back", hidden: true, onclick: () => this.#open(null) }, icon("previous"), "All layers");
  #cards = h("pick-cards");
  #more = h("button", { class: "quiet wide", hidden: true, onclick: () => this.update((this.#shown += PAGE)) }, "Show more channels");
  #model = "";
  #layers = [];
  #layer = null; // whose channels are shown
  #channels = [];
  #shown = PAGE;

  connectedCallback() {
    this.append(this.#back, this.#about, this.#cards, this.#more, this.#choice);
  }

  /** Show the state; called while the tab is seen. */
  update() {
    if (modelOf() !== this.#model) return void this.#load();
    if (this.#layer) this.#showChannels();
    else this.#showLayers();
    this.#back.hidden = !this.#layer;
    this.#choice.hidden = Boolean(this.#layer) || this.#layers.every((one) => one.worth);
    this.#more.hidden = !this.#layer || this.#shown >= this.#channels.length;
  }

  rest() {
    this.#cards.rest();
  }

  async #load() {
    const model = (this.#model = modelOf());
    this.#layers = [];
    this.#layer = null;
    this.#cards.update([]);
    this.#tell(`Looking into ${model}`);
    try {
      const { layers } = await fetchJson(`api/layers?model=${encodeURIComponent(model)}`);
      if (model !== this.#model) return;
      this.#layers = layers;
      this.update();
    } catch (error) {
      this.#tell(error.message, true);
    }
  }

  #showLayers() {
    const chosen = this.#layers.filter((one) => this.#all.checked || one.worth || indexOf("layers", one.name) >= 0);
    if (!chosen.length) return;
    this.#tell("From the input, which sees edges, to the output, which sees whole things. A picture dreams the layer alone; plus adds it.");
    this.#cards.update(
      chosen.map(({ name, channels, shows, usual, same }) => ({
        cell: { kind: "layer", name },
        title: usual ? `${name} ★` : name,
        note: `${shows}${same ? ", as its base" : ""}`,
        isAlone: isAlone("layers", (one) => one.name === name && !one.channels),
        isIn: indexOf("layers", name) >= 0,
        alone: () => alone("layers", { name }),
        add: () => toggle("layers", name),
        more: h("button", { class: "quiet within", "aria-label": `Channels of ${name}`, onclick: () => this.#open(name) }, `${channels} channels`),
      })),
    );
  }

  async #open(name) {
    this.#layer = name;
    this.#channels = [];
    this.#shown = PAGE;
    this.#cards.rest();
    if (!name) return this.update();
    this.#cards.update([]);
    this.update();
    this.#tell(`Looking into ${name}`);
    try {
      const query = new URLSearchParams({ model: this.#model, layer: name });
      const { layer, channels } = await fetchJson(`api/channels?${query}`);
      if (layer !== this.#layer) return;
      this.#channels = channels;
      this.update();
      this.#back.focus();
    } catch (error) {
      this.#tell(error.message, true);
    }
  }

  #showChannels() {
    const name = this.#layer;
    if (!this.#channels.length) return;
    this.#tell(`${name}: its ${this.#channels.length} channels, the most responsive first.`);
    const entry = entriesOf("layers").find((one) => one.name === name);
    this.#cards.update(
      this.#channels.slice(0, this.#shown).map((channel) => ({
        cell: { kind: "channel", name, channel },
        title: String(channel),
        note: "channel",
        isAlone: isAlone("layers", (one) => one.name === name && one.channels?.length === 1 && one.channels[0] === channel),
        isIn: entry?.channels?.includes(channel),
        alone: () => alone("layers", { name, objective: "channel", channels: [channel] }),
        add: () => toggleChannel(name, channel),
      })),
    );
  }

  #tell(words, trouble = false) {
    this.#about.textContent = words;
    this.#about.classList.toggle("trouble", trouble);
  }
}

customElements.define("pick-layers", Layers);
