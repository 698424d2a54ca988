// Atlas: small pictures of what can be dreamed, drawn by the server when asked for, one by one.

import { fetchJson } from "../../dom.js";

const PAUSE = 900; // milliseconds between two looks while pictures are drawn

/** Pictures of a list of cells, {kind, name, channel, stamp}; `show(addresses, waiting, trouble)`. */
export class Atlas {
  #model = "";
  #cells = [];
  #timer = 0;

  constructor(show) {
    this.show = show;
  }

  /** Look which pictures of these there are, and follow those that are being drawn. */
  look(model, cells) {
    this.#model = model;
    this.#cells = cells;
    return this.#ask({});
  }

  draw() {
    return this.#ask({ draw: true });
  }

  stop() {
    return this.#ask({ stop: true });
  }

  /** Look no more; what is being drawn goes on. */
  rest() {
    clearTimeout(this.#timer);
  }

  async #ask(fields) {
    this.rest();
    const cells = this.#cells;
    if (!cells.length) return this.show([], 0, null);
    try {
      const body = JSON.stringify({ model: this.#model, cells, ...fields });
      const { pictures, waiting, trouble } = await fetchJson("api/atlas", { method: "POST", body });
      if (cells !== this.#cells) return; // another list meanwhile
      this.show(pictures, waiting, trouble);
      if (waiting) this.#timer = setTimeout(() => this.#ask({}), PAUSE);
    } catch (error) {
      this.show(cells.map(() => null), 0, error.message);
    }
  }
}
