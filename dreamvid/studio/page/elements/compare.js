// <dream-compare>: buttons of the A/B comparison: pin as A, show the wipe, swap, let go.

import { h } from "../dom.js";
import { studio } from "../studio.js";
import "./wipe.js";

export class Compare extends HTMLElement {
  connectedCallback() {
    if (this.pin) return;
    const button = (text, title, act) => h("button", { class: "quiet", title, onclick: act }, text);
    this.pin = button("Pin A", "Keep these settings and pictures as A, to compare with (a)", () => studio.send("pin"));
    this.wiper = button("Wipe", "Show A left of a divider (w)", () => this.wipe.toggle());
    this.swap = button("Swap", "Exchange A and the live settings", () => studio.send("swap"));
    this.unpin = button("Let go of A", "Compare no more", () => studio.send("unpin"));
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Compare two variants");
    this.append(this.pin, this.wiper, this.swap, this.unpin);
    this.wipe = h("dream-wipe");
    document.querySelector("dream-stage").overlay.append(this.wipe);
    this.wipe.addEventListener("toggled", () => this.#show());
    for (const name of ["state", "connection"]) studio.addEventListener(name, () => this.#show());
    this.#show();
  }

  #show() {
    const pinned = Boolean(studio.state?.variant);
    this.pin.textContent = pinned ? "Pin A anew" : "Pin A";
    for (const one of [this.wiper, this.swap, this.unpin]) one.hidden = !pinned;
    this.wiper.setAttribute("aria-pressed", this.wipe?.open ?? false);
    for (const one of this.querySelectorAll("button")) one.disabled = !studio.connected || !studio.state;
  }
}

customElements.define("dream-compare", Compare);
