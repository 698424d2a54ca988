// <pick-chips>: what is dreamed now: each source with its weight, to be changed or removed.

import { fetchJson, h } from "../../dom.js";
import { icon } from "../../icons.js";
import { laneOf } from "../../lanes.js";
import { numberField } from "../../fields/number.js";
import { studio } from "../../studio.js";
import { nameOf } from "../../upload.js";
import { entriesOf, KINDS, modelOf, putEntries } from "./sources.js";

const WEIGHT = { low: 0.05, high: 2, unit: "" };

export class Chips extends HTMLElement {
  #words = h("p", { class: "soft" });
  #list = h("ul");
  #refusal = h("p", { class: "trouble", role: "alert", hidden: true });
  #others = h("p", { class: "others" });
  #shape = "";
  #fields = [];
  #usual = { model: "", layers: [] };

  connectedCallback() {
    this.append(h("h3", {}, "Dreamed now"), this.#words, this.#list, this.#refusal, this.#others);
  }

  update() {
    const sources = Object.keys(KINDS).flatMap((kind) => entriesOf(kind).map((entry, index) => ({ kind, entry, index })));
    const shape = JSON.stringify(sources.map(({ kind, entry, index }) => [kind, titleOf(kind, entry), index, typeof entry.weight]));
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#fields = [];
      const inside = this.#list.contains(document.activeElement);
      this.#list.replaceChildren(...sources.map((source) => this.#chip(source, sources.length === 1)));
      if (inside) this.#list.querySelector("button")?.focus(); // by keyboard one goes on from here
    }
    sources.forEach(({ entry }, index) => this.#fields[index]?.show(entry.weight ?? 1, false));
    const words = this.#explain(sources);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#showOthers();
  }

  /** Show why a change of the sources was refused. */
  refuse(message) {
    this.#refusal.textContent = message;
    this.#refusal.hidden = !message;
  }

  #chip({ kind, entry, index }, only) {
    const { key, word } = KINDS[kind];
    const title = titleOf(kind, entry);
    const path = `${key}[${index}].weight`;
    const constant = typeof (entry.weight ?? 1) === "number" && !laneOf(path);
    const least = kind === "guide" ? 0 : undefined;
    const field = constant ? numberField({ ...WEIGHT, least }, `Weight of ${title}`, { set: (value) => studio.set(path, value), reset: () => studio.set(path, 1) }) : null;
    this.#fields.push(field);
    const idle = only && constant && (entry.weight ?? 1) === 1; // weights are relative to the others
    return h(
      "li",
      { class: idle ? "only" : null },
      h("span", { class: "name", title: `${word} ${entry[KINDS[kind].field]}` }, h("span", { class: "kind" }, entry.channels?.length ? "channels of a layer" : word), title),
      h("button", { class: "quiet round", "aria-label": `Remove ${word} ${title}`, onclick: () => putEntries(kind, entriesOf(kind).filter((_, at) => at !== index)) }, icon("close")),
      h("span", { class: "field", hidden: idle }, ...(field ? field.nodes : [h("a", { href: "#time", class: "soft" }, icon("curve"), "its weight changes over time")])),
    );
  }

  /** Say in words what the sources give together. */
  #explain(sources) {
    if (!sources.length) {
      this.#loadUsual();
      const { layers } = this.#usual;
      return `Nothing is chosen: the usual layers of ${modelOf()}${layers.length ? `, ${layers.join(" and ")}` : ""}.`;
    }
    if (sources.length === 1 && sources[0].kind !== "guide") return "This alone. A plus below adds others, mixed by weight.";
    const counts = Object.entries(KINDS).map(([kind, { word, words }]) => [sources.filter((one) => one.kind === kind).length, word, words]);
    const parts = counts.filter(([count]) => count).map(([count, word, words]) => `${count} ${count === 1 ? word : words}`);
    const all = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0];
    const guided = entriesOf("guide").length ? ` Guides act on ${entriesOf("layers").length ? "these layers" : "the usual layers"}.` : "";
    const tour = studio.state.values["dream.tour"] ? ` Each layer has ${studio.state.values["dream.tour"]} s alone.` : "";
    return `${all}${sources.length > 1 && !tour ? ", mixed by weight" : ""}.${guided}${tour}`;
  }

  async #loadUsual() {
    const model = modelOf();
    if (this.#usual.model === model) return;
    this.#usual = { model, layers: [] };
    try {
      const { layers } = await fetchJson(`api/layers?model=${encodeURIComponent(model)}`);
      this.#usual = { model, layers: layers.filter((one) => one.usual).map((one) => one.name) };
      this.update();
    } catch {
      // The tab of layers tells it.
    }
  }

  #showOthers() {
    const { "start.kind": kind, "start.path": path, "dream.mask": mask } = studio.state.values;
    const start = path ? nameOf(path) : kind;
    const where = !mask ? "everywhere" : (mask.shape ?? (mask.motion ? "what moves" : nameOf(mask.path).replace("painted.png", "painted"))) + (mask.invert ? ", inverted" : "");
    const words = `Start: ${start} · Where: ${where}`;
    if (this.#others.textContent !== words) this.#others.textContent = words;
  }
}

/** Name a source for people. */
function titleOf(kind, entry) {
  if (kind === "guide") return nameOf(entry.path);
  const name = entry[KINDS[kind].field];
  const channels = entry.channels?.length ? ` ${entry.channels.slice(0, 4).join(", ")}${entry.channels.length > 4 ? " ..." : ""}` : "";
  return (kind === "direction" ? nameOf(name) : name) + channels;
}

customElements.define("pick-chips", Chips);
