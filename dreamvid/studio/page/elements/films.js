// <dream-films>: the finished films, newest first.

import { fetchJson, h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";
import { FilmCard } from "./filmcard.js";

export class Films extends HTMLElement {
  #cards = new Map(); // by job and the time it was finished
  #list = h("ul");
  #note = h("p", { class: "soft note", role: "status" });
  #done = ""; // the jobs that were done when the list was read

  connectedCallback() {
    this.append(
      h(
        "header",
        {},
        h("h2", {}, "Films"),
        this.#note,
        h("a", { class: "button quiet", href: "#renders" }, icon("render"), "Render"),
        h("a", { class: "button quiet round", href: "#", "aria-label": "Close", title: "Close (Escape)" }, icon("close")),
      ),
      this.#list,
    );
    addEventListener("hashchange", () => this.#turn());
    studio.addEventListener("renders", () => this.#follow());
    studio.addEventListener("connection", () => studio.connected && this.#turn());
    this.#turn();
  }

  #turn() {
    if (location.hash === "#films") this.#load();
    else for (const card of this.#cards.values()) card.pause();
  }

  /** Read the list again where a film was finished meanwhile. */
  #follow() {
    const done = studio.renders.jobs.map(({ job, state, count }) => (state === "done" ? `${job} ${count}` : "")).join();
    if (done === this.#done) return;
    this.#done = done;
    this.#turn();
  }

  async #load() {
    try {
      this.#show(await fetchJson("api/films"));
    } catch (error) {
      this.#note.textContent = `The films cannot be listed: ${error.message}`;
    }
  }

  #show(films) {
    const key = ({ job, finished, frames }) => `${job} ${finished} ${frames}`;
    const known = new Set(films.map(key));
    for (const [name, card] of this.#cards) {
      if (known.has(name)) continue;
      card.element.remove();
      this.#cards.delete(name);
    }
    films.forEach((film, place) => {
      const name = key(film);
      if (!this.#cards.has(name)) this.#cards.set(name, new FilmCard(film, () => this.#alone(name)));
      const { element } = this.#cards.get(name);
      if (this.#list.children[place] !== element) this.#list.insertBefore(element, this.#list.children[place] ?? null);
    });
    this.#note.textContent = films.length ? "" : "No film is finished yet. Put one into the queue, and it is shown here.";
  }

  /** Let one card play, and pause the others. */
  #alone(name) {
    for (const [other, card] of this.#cards) if (other !== name) card.pause();
  }
}

customElements.define("dream-films", Films);
