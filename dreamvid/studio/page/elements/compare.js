// <dream-compare>: the button of the A/B comparison. The first press pins what is there as A;
// later ones show and hide the wipe on the picture.

import { h } from "../dom.js";
import { studio } from "../studio.js";
import "./wipe.js";

const PIN = "Pin these settings and pictures as A, to compare with (a)";

export class Compare extends HTMLElement {
  #wipe = h("dream-wipe");
  #button = h("button", { class: "quiet", "data-action": "wipe", onclick: () => this.#wipe.toggle() }, "A/B");

  connectedCallback() {
    if (this.firstChild) return;
    this.append(this.#button);
    document.querySelector("dream-stage").overlay.append(this.#wipe);
    this.#wipe.addEventListener("toggled", () => this.#show());
    for (const name of ["state", "connection"]) studio.addEventListener(name, () => this.#show());
    this.#show();
  }

  #show() {
    const pinned = Boolean(studio.state?.variant);
    this.#button.title = pinned ? "Show or hide the wipe between A and B (w)" : PIN;
    this.#button.setAttribute("aria-label", pinned ? "Wipe between A and B" : "Pin as A");
    if (pinned) this.#button.setAttribute("aria-pressed", this.#wipe.open);
    else this.#button.removeAttribute("aria-pressed");
    this.#button.disabled = !studio.connected || !studio.state;
  }
}

customElements.define("dream-compare", Compare);
