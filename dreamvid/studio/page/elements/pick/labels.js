// <pick-labels>: labels, groups and nouns of the model's classes, and words of a city model.

import { fetchJson, h } from "../../dom.js";
import { alone, indexOf, isAlone, modelOf, toggle } from "./sources.js";
import "./cards.js";

const WAIT = 180; // milliseconds after a letter
const MOST = 60; // cards

export class Labels extends HTMLElement {
  #search = h("input", { type: "search", class: "wide", placeholder: "bird, castle, fruit ...", "aria-label": "Search labels and words", oninput: () => this.#soon() });
  #about = h("p", { class: "soft", role: "status" });
  #cards = h("pick-cards");
  #model = "";
  #knows = null; // {labels, words}
  #found = []; // {kind, name, note}
  #timer = 0;
  #number = 0; // of the search

  connectedCallback() {
    this.append(this.#search, this.#about, this.#cards);
  }

  update() {
    if (modelOf() !== this.#model) return void this.#load();
    this.#cards.update(
      this.#found.slice(0, MOST).map(({ kind, name, note }) => {
        const [source, field] = kind === "label" ? ["classes", "label"] : ["words", "text"];
        return {
          cell: { kind, name },
          title: name,
          note,
          isAlone: isAlone(source, (one) => one[field] === name),
          isIn: indexOf(source, name) >= 0,
          alone: () => alone(source, { [field]: name }),
          add: () => toggle(source, name),
        };
      }),
    );
  }

  rest() {
    this.#cards.rest();
  }

  async #load() {
    const model = (this.#model = modelOf());
    this.#knows = null;
    this.#found = [];
    this.#tell(`Looking into ${model}`);
    try {
      const { labels, words } = await fetchJson(`api/layers?model=${encodeURIComponent(model)}`);
      if (model !== this.#model) return;
      this.#knows = { labels, words };
      this.#search.hidden = !labels && !words;
      if (labels || words) this.#look();
      else this.#tell(`${model} has no labels or words.`);
      this.update();
    } catch (error) {
      this.#tell(error.message, true);
    }
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), WAIT);
  }

  async #look() {
    const number = ++this.#number;
    const q = this.#search.value.trim();
    const { labels, words } = this.#knows ?? {};
    try {
      const found = [];
      if (words) found.push(...(await fetchJson(`api/words?${new URLSearchParams({ model: this.#model, q })}`)).words.map(wordItem));
      if (labels) found.push(...(await fetchJson(`api/labels?${new URLSearchParams({ q })}`)).labels.map(labelItem));
      if (number !== this.#number) return;
      this.#found = found;
      this.#tell(found.length ? (q ? "" : "Some to begin with. A noun or a group stands for all labels below it.") : `Nothing is like “${q}”.`);
      this.update();
    } catch (error) {
      if (number === this.#number) this.#tell(error.message, true);
    }
  }

  #tell(words, trouble = false) {
    this.#about.textContent = words;
    this.#about.classList.toggle("trouble", trouble);
  }
}

function labelItem({ name, kind, of, also, classes, labels }) {
  const some = labels.slice(0, 3).join(", ") + (classes > 3 ? " ..." : "");
  const note = kind === "label" ? (also.length ? `also ${also[0]}` : "label") : kind === "hypernym" ? `taken as ${of}` : `${classes} labels: ${some}`;
  return { kind: "label", name, note };
}

function wordItem({ name, captions }) {
  return { kind: "words", name, note: captions == null ? "word" : `in ${captions} captions` };
}

customElements.define("pick-labels", Labels);
