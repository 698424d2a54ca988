// <dream-midi>: MIDI learn and the list of what knobs and pads move.
//
// While learning, controls of the page are chosen by a click or by focus, and do nothing else.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { midi } from "../midi.js";
import { MODES } from "../midivalues.js";

export class MidiPanel extends HTMLElement {
  connectedCallback() {
    if (this.line) return;
    this.hidden = true;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "MIDI");
    this.line = h("p", { class: "line", role: "status" });
    this.button = h("button", { onclick: () => midi.learn(!midi.learning) });
    this.devices = h("p", { class: "soft" });
    this.list = h("ul");
    const close = h("button", { class: "quiet round", "aria-label": "Close", onclick: () => this.toggle(false) }, icon("close"));
    this.append(h("header", {}, h("h3", {}, "MIDI"), this.button, close), this.line, this.devices, this.list);
    midi.addEventListener("change", () => this.#show());
    addEventListener("focusin", (event) => this.#choose(event), true);
    for (const name of ["pointerdown", "click", "keydown"]) addEventListener(name, (event) => this.#choose(event), true);
    this.#resume();
    this.#show();
  }

  /** Open the panel and begin to learn; a second time ends both. */
  toggle(on = this.hidden) {
    this.hidden = !on;
    midi.learn(on);
  }

  /** Go on with what was learned before, where the browser allows it without asking. */
  async #resume() {
    if (!Object.keys(midi.mappings).length || !navigator.permissions) return;
    const permission = await navigator.permissions.query({ name: "midi" }).catch(() => null);
    if (permission?.state === "granted") midi.start();
  }

  #choose(event) {
    if (!midi.learning || !(event.target instanceof Element) || this.contains(event.target)) return;
    if (event.type === "keydown") return this.#press(event);
    if (event.type === "focusin" && !event.target.matches(":focus-visible")) return;
    if (!midi.aim(event.target) || event.type === "focusin") return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #press(event) {
    if (event.key === "Escape") this.toggle(false);
    else if (event.key === "Enter" || event.key === " ") midi.aim(event.target);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #show() {
    document.body.classList.toggle("midi-learning", midi.learning);
    this.button.textContent = midi.learning ? "End learning" : "Learn";
    this.button.setAttribute("aria-pressed", midi.learning);
    if (this.line.textContent !== midi.line) this.line.textContent = midi.line;
    this.devices.hidden = !midi.devices.length;
    this.devices.textContent = midi.devices.join(", ");
    for (const aimed of document.querySelectorAll(".midi-aimed")) aimed.classList.remove("midi-aimed");
    this.#aimed()?.classList.add("midi-aimed");
    this.list.replaceChildren(...Object.entries(midi.mappings).flatMap(([device, list]) => list.map((one) => row(device, one))));
  }

  #aimed() {
    const { key, action } = midi.target ?? {};
    if (!key && !action) return null;
    return document.querySelector(key ? `[data-key="${CSS.escape(key)}"]` : `[data-action="${CSS.escape(action)}"]`);
  }
}

function row(device, { source, title, mode }) {
  const modes = h("select", { "aria-label": `How ${source} is read`, onchange: () => midi.setMode(device, source, modes.value) });
  for (const [name, text] of Object.entries(MODES)) modes.append(h("option", { value: name }, text));
  modes.value = mode;
  modes.hidden = !source.startsWith("cc");
  const remove = h("button", { class: "quiet round", "aria-label": `Remove ${source} of ${title}`, onclick: () => midi.remove(device, source) }, icon("close"));
  return h("li", {}, h("b", {}, title), h("span", { class: "soft", title: device }, source), modes, remove);
}

customElements.define("dream-midi", MidiPanel);
