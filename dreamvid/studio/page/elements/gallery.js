// <dream-gallery>: presets to open, one's own first, with posters and a search.

import { fetchJson, h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";
import { upload } from "../upload.js";

const FILES = {
  "start.path": { kind: "start", accept: "video/*,image/gif", words: "dreams on your clip" },
  "dream.guide": { kind: "guide", accept: "image/*", words: "guided by your picture" },
};
const NEWEST = 8; // posters fetched at once, the rest when they come into sight

export class Gallery extends HTMLElement {
  #search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search presets", oninput: () => this.#filter() });
  #lists = h("div", { class: "lists" });
  #nothing = h("p", { class: "soft nothing", role: "status", hidden: true });
  #cards = []; // {element, words}

  connectedCallback() {
    this.append(
      h(
        "header",
        {},
        h("h2", {}, "Presets"),
        h("p", { class: "soft" }, "Choose one, and change it while it dreams."),
        h("label", { class: "search" }, icon("search"), this.#search),
        h("a", { class: "button quiet round", href: "#", "aria-label": "Close", title: "Close (Escape)" }, icon("close")),
      ),
      this.#nothing,
      this.#lists,
    );
    const show = () => location.hash === "#gallery" && this.#load();
    addEventListener("hashchange", show);
    studio.addEventListener("connection", () => studio.connected && show());
    this.addEventListener("keydown", (event) => this.#walk(event));
    show();
  }

  async #load() {
    try {
      const { saved, shipped } = await fetchJson("api/presets");
      this.#show(saved, shipped);
    } catch (error) {
      this.#tell(`The presets cannot be listed: ${error.message}`);
    }
  }

  #show(saved, shipped) {
    this.#cards = [];
    const list = (title, presets, own) => {
      if (!presets.length) return [];
      const cards = presets.map((preset, index) => this.#card(preset, own, index < NEWEST));
      return h("section", {}, h("h3", {}, title), h("ul", {}, ...cards));
    };
    const ready = shipped.filter(({ installed }) => installed);
    const absent = shipped.filter(({ installed }) => !installed);
    this.#lists.replaceChildren(
      ...[list("Yours", saved, true), list("Ready to dream", ready, false), list("Their model is not here yet: type the line in a terminal, then open this list again", absent, false)].flat(),
    );
    this.#filter();
  }

  #card(preset, own, early) {
    const { name, about, model, installed = true, poster, needs } = preset;
    const title = preset.title || name;
    const here = studio.state?.name === name;
    const face = [
      h("span", { class: "poster" }, poster ? h("img", { src: poster, alt: "", loading: early ? "eager" : "lazy", decoding: "async" }) : blank(name, title)),
      h("span", { class: "title" }, title, here ? h("small", {}, "open") : null),
      h("span", { class: "about" }, about || (own ? `saved as ${name}` : "")),
    ];
    const card = installed
      ? h("button", { class: "card", onclick: () => (needs in FILES ? this.#ask(name, needs) : open(name)), "aria-current": here && "true" }, ...face)
      : h("div", { class: "card absent" }, ...face, h("code", {}, `dreamvid models get ${model}`));
    if (needs in FILES) card.append(h("span", { class: "needs" }, icon("plus"), FILES[needs].words));
    if (model) card.append(h("span", { class: "model" }, model));
    const element = h("li", {}, card);
    this.#cards.push({ element, name: `${name} ${title}`.toLowerCase(), words: `${about} ${model}`.toLowerCase() });
    return element;
  }

  /** Open a preset with a file that it cannot do without. */
  #ask(name, key) {
    const { kind, accept } = FILES[key];
    const input = h("input", { type: "file", accept });
    input.onchange = async () => {
      const [file] = input.files;
      const tell = (share) => this.#tell(`${file.name}: ${share < 1 ? `${Math.round(100 * share)} %` : "being checked …"}`);
      try {
        const { path } = await upload(file, kind, tell);
        this.#tell("");
        open(name, { [key]: path });
      } catch (error) {
        this.#tell(error.message);
      }
    };
    input.click();
  }

  #tell(words) {
    this.#nothing.hidden = !words;
    this.#nothing.textContent = words;
  }

  #filter() {
    const words = this.#search.value.toLowerCase().split(/\s+/);
    let found = 0;
    for (const { element, name, words: others } of this.#cards) {
      element.hidden = !words.every((word) => name.includes(word) || others.includes(word));
      element.style.order = words.every((word) => name.includes(word)) ? 0 : 1; // names before descriptions
      if (!element.hidden) found += 1;
    }
    for (const section of this.#lists.children) section.hidden = !section.querySelector("li:not([hidden])");
    this.#tell(found || !this.#cards.length ? "" : `No preset has “${this.#search.value}”.`);
  }

  #walk(event) {
    const order = (card) => Number(card.parentElement.style.order);
    const shown = [...this.querySelectorAll("button.card")].filter((card) => card.offsetParent);
    const cards = shown.sort((one, other) => one.closest("section") === other.closest("section") ? order(one) - order(other) : 0);
    const at = cards.indexOf(document.activeElement);
    const across = Math.max(1, cards.findIndex((card) => card.offsetTop > cards[0].offsetTop));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across };
    if (event.key === "Enter" && event.target === this.#search) cards[0]?.click();
    else if (event.key === "ArrowDown" && at < 0) cards[0]?.focus();
    else if (at >= 0 && steps[event.key]) cards[at + steps[event.key]]?.focus();
    else return;
    event.preventDefault();
  }
}

function open(name, values = {}) {
  studio.send("open", { name, values });
  studio.send("play");
  location.hash = "";
}

/** Make a poster from a name alone: its hue, and the title. */
function blank(name, title) {
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  const element = h("span", { class: "blank", "aria-hidden": "true" }, title);
  element.style.setProperty("--hue", hue);
  return element;
}

customElements.define("dream-gallery", Gallery);
