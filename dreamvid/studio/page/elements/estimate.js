// Estimate of a film: its time, memory and disk, asked for a moment after the last change.

import { fetchJson, h } from "../dom.js";
import { bytes, duration } from "../units.js";

const PAUSE = 700; // milliseconds after a change

export class Estimate {
  shown = false; // an estimate, or one that is under way
  #figures = h("dl");
  #note = h("p", { class: "soft note" });
  element = h("div", { class: "estimate", "aria-live": "polite" }, this.#figures, this.#note);
  #timer = 0;
  #asking = null;

  /** Estimate a film {size, frames, targets}, instead of one asked for before. */
  ask(film) {
    this.stop();
    this.shown = true;
    this.#say("Estimating: a few frames are rendered to see what the film takes …");
    this.element.classList.add("busy");
    this.#timer = setTimeout(() => this.#fetch(film), PAUSE);
  }

  /** Forget what was asked for. */
  stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
    this.shown = false;
    this.element.classList.remove("busy");
  }

  async #fetch(film) {
    const asking = (this.#asking = new AbortController());
    try {
      const body = JSON.stringify(film);
      const headers = { "Content-Type": "application/json" };
      const facts = await fetchJson("api/estimate", { method: "POST", body, headers, signal: asking.signal });
      if (asking === this.#asking) this.#show(facts);
    } catch (error) {
      if (asking !== this.#asking || error.name === "AbortError") return;
      this.#figures.replaceChildren();
      this.#say(error.message, true);
    }
    if (asking === this.#asking) this.element.classList.remove("busy");
  }

  #show({ seconds, memory, gpu, disk, frames, size, device }) {
    const figure = (name, value) => [h("dt", {}, name), h("dd", {}, value)];
    this.#figures.replaceChildren(
      ...figure("Time", `about ${duration(seconds.total)}`),
      ...figure("Memory", bytes(memory.total) + (gpu ? `, GPU ${bytes(gpu)}` : "")),
      ...figure("Disk", bytes(disk.total)),
    );
    this.#say(`${frames} frames of ${size.replace("x", " × ")} on the ${device === "cpu" ? "processor" : "GPU"}`);
  }

  #say(words, bad = false) {
    this.#note.textContent = words;
    this.#note.className = bad ? "trouble note" : "soft note";
  }
}
