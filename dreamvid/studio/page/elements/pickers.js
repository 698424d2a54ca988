// <dream-pickers>: what is dreamed, picked by looking. Above, what is dreamed now; below, tabs.

import { h } from "../dom.js";
import { studio } from "../studio.js";
import "./pick/chips.js";
import "./pick/directions.js";
import "./pick/guides.js";
import "./pick/labels.js";
import "./pick/layers.js";
import "./pick/mask.js";
import "./pick/start.js";

const TABS = { directions: "Directions", layers: "Layers", labels: "Labels", guides: "Guides", start: "Start", mask: "Mask" };
const OURS = /^(dream\.(direction|layers|classes|words|guide|objective|mask|tour)|start\.|seed)/;
const KEPT = "dreamvid tab"; // in the browser's storage, so that a reload shows it again

export class Pickers extends HTMLElement {
  #chips = h("pick-chips");
  #tabs = new Map();
  #shown = null;

  connectedCallback() {
    const list = h("div", { role: "tablist", "aria-label": "What to pick", onkeydown: (event) => this.#press(event) });
    this.append(this.#chips, list);
    for (const [name, title] of Object.entries(TABS)) {
      const tab = h("button", { role: "tab", id: `tab-${name}`, "aria-controls": `pick-${name}`, onclick: () => this.#choose(name) }, title);
      const panel = h(`pick-${name}`, { role: "tabpanel", id: `pick-${name}`, "aria-labelledby": tab.id, hidden: true });
      this.#tabs.set(name, { tab, panel });
      list.append(tab);
      this.append(panel);
    }
    const kept = sessionStorage.getItem(KEPT);
    this.#choose(kept in TABS ? kept : "directions");
    studio.addEventListener("state", () => this.#update());
    this.addEventListener("click", () => this.#chips.refuse(""), true); // the next try
    document.addEventListener("refusal", (event) => this.#refuse(event), true);
    new MutationObserver(() => (this.hidden ? this.#rest() : this.#update())).observe(this, { attributeFilter: ["hidden"] });
  }

  /** Show a tab by its name. */
  #choose(name) {
    if (this.#shown && this.#shown !== name) this.#tabs.get(this.#shown).panel.rest?.();
    this.#shown = name;
    sessionStorage.setItem(KEPT, name);
    for (const [other, { tab, panel }] of this.#tabs) {
      tab.setAttribute("aria-selected", String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      panel.hidden = other !== name;
    }
    this.#update();
  }

  #update() {
    if (this.hidden || !studio.state) return;
    this.#chips.update();
    this.#tabs.get(this.#shown).panel.update();
  }

  #rest() {
    this.#tabs.get(this.#shown).panel.rest?.();
  }

  /** Show what was refused where it was asked for. */
  #refuse(event) {
    const { key, message } = event.detail;
    if (this.hidden || !OURS.test(key ?? "")) return;
    this.#chips.refuse(message);
    event.preventDefault();
  }

  #press(event) {
    const names = [...this.#tabs.keys()];
    const at = names.indexOf(this.#shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = names.at(to % names.length);
    this.#choose(name);
    this.#tabs.get(name).tab.focus();
  }
}

customElements.define("dream-pickers", Pickers);
