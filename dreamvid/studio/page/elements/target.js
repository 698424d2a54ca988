// <dream-target>: the camera's centre on the picture. A click or a drag on the picture moves it,
// arrow keys do when it has the focus, Escape puts it back where it was.

import { h } from "../dom.js";
import { laneOf, valueAt } from "../lanes.js";
import { studio } from "../studio.js";

const KEY = "motion.centre";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Target extends HTMLElement {
  #mark = h("button", { class: "mark", onkeydown: (event) => this.#press(event) }, h("span"));
  #before = null; // setting when the drag, or the visit by keyboard, began
  #dragging = false;

  connectedCallback() {
    this.append(this.#mark);
    this.addEventListener("pointerdown", (event) => this.#grab(event));
    this.addEventListener("pointermove", (event) => this.#dragging && this.#move(this.#sharesAt(event)));
    for (const end of ["pointerup", "pointercancel"]) this.addEventListener(end, () => (this.#dragging = false));
    addEventListener("keydown", (event) => this.#dragging && event.key === "Escape" && this.#revert(event));
    this.#mark.addEventListener("focus", () => this.#remember());
    for (const name of ["state", "status"]) studio.addEventListener(name, () => this.#place());
  }

  #sharesAt(event) {
    const box = this.getBoundingClientRect();
    const share = (place) => Math.min(1, Math.max(0, place));
    return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height)];
  }

  #grab(event) {
    if (event.button !== 0 || !studio.state) return;
    this.#remember();
    this.#dragging = true;
    this.setPointerCapture(event.pointerId);
    this.#move(this.#sharesAt(event));
  }

  #press(event) {
    if (event.key === "Escape" && this.#before) return this.#revert(event);
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.01;
    this.#move([0, 1].map((axis) => Math.min(1, Math.max(0, this.#at(axis) + arrow[axis] * step))));
  }

  #remember() {
    this.#before = studio.state?.values[KEY];
  }

  #revert(event) {
    event.preventDefault();
    this.#dragging = false;
    studio.set(KEY, this.#before);
  }

  #move(shares) {
    const value = shares.map((share) => Math.round(share * 1000) / 1000);
    studio.set(KEY, value);
    this.#show(value);
  }

  #at(axis) {
    const value = valueAt(`${KEY}[${axis}]`);
    return typeof value === "number" ? value : 0.5;
  }

  #place() {
    if (!this.#dragging) this.#show([this.#at(0), this.#at(1)]);
  }

  #show([x, y]) {
    this.#mark.style.left = `${x * 100}%`;
    this.#mark.style.top = `${y * 100}%`;
    const moving = laneOf(`${KEY}[0]`) || laneOf(`${KEY}[1]`) ? ", changes over time" : "";
    const words = `Centre of the camera: ${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top${moving}. Arrow keys move it.`;
    if (this.#mark.getAttribute("aria-label") !== words) this.#mark.setAttribute("aria-label", words);
  }
}

customElements.define("dream-target", Target);
