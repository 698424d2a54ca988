// <dream-control>: a row of one setting: name, field, mark of a change, and why it was refused.
//
// `data-key` has its key, and `control` its description (see Control in protocol/).

import { h } from "../dom.js";
import { boolField, choiceField } from "../fields/choice.js";
import { numberField } from "../fields/number.js";
import { colourField, listField, textField } from "../fields/text.js";
import { icon } from "../icons.js";
import { laneOf, settingOf, valueAt } from "../lanes.js";
import { studio } from "../studio.js";

const FIELDS = { number: numberField, choice: choiceField, bool: boolField, colour: colourField, list: listField };
let count = 0;

export class Control extends HTMLElement {
  control = null;
  key = "";
  #field = null;
  #shown = ""; // value, as JSON
  #told = ""; // movement, as JSON
  #reset = h("button", { class: "reset", onclick: () => this.reset() }, icon("reset"));
  #moves = h("p", { class: "moves", hidden: true });
  #trouble = h("p", { class: "trouble", hidden: true, id: `trouble-${++count}` });

  /** Make the row of a control; `item` is the place in a list of numbers, and its letter. */
  static of(control, item = null) {
    const row = new Control();
    row.control = control;
    row.key = row.dataset.key = item ? `${control.key}[${item.index}]` : control.key;
    row.label = item ? `${control.title} ${item.letter}` : control.title;
    row.classList.add(control.kind);
    row.id = `control-${row.key}`;
    return row;
  }

  connectedCallback() {
    if (this.#field) return;
    const { control, label } = this;
    const make = FIELDS[control.kind] ?? textField;
    this.#field = make(control, label, { set: (value) => this.set(value), reset: () => this.reset() });
    const help = h("span", { class: "unseen", id: `help-${this.key}` }, control.help);
    for (const input of this.#field.inputs) input.setAttribute("aria-describedby", `${help.id} ${this.#trouble.id}`);
    this.#reset.setAttribute("aria-label", `Reset ${label}`);
    this.append(
      this.#reset,
      h("span", { class: "name", ondblclick: () => this.reset() }, label),
      h("span", { class: "field" }, ...this.#field.nodes),
      help,
      this.#moves,
      this.#trouble,
    );
    this.addEventListener("keydown", ({ key }) => key === "Escape" && this.#cancel());
    this.update();
  }

  set(value) {
    this.#complain("");
    studio.set(this.key, value);
  }

  reset() {
    this.#cancel();
    studio.send("reset", { key: this.control.items ? this.control.key : this.key });
  }

  /** True where it was changed, changes over the film, or lists something. */
  get inUse() {
    const list = this.control.kind === "list" && settingOf(this.key);
    return this.classList.contains("changed") || this.moving === true || Boolean(Array.isArray(list) ? list.length : list && list !== this.control.default);
  }

  /** Show the state: value, change, movement. */
  update() {
    if (!studio.state || !this.#field) return;
    const lane = laneOf(this.key);
    const value = settingOf(this.key);
    const changed = studio.state.changed.some((key) => key === this.key || key === this.control.key || key.startsWith(`${this.key}[`));
    const shown = JSON.stringify(value);
    if (shown !== this.#shown && this.#shown) this.#complain("");
    this.#shown = shown;
    this.moving = Boolean(lane);
    this.classList.toggle("changed", changed);
    this.classList.toggle("moving", this.moving);
    this.#describe(lane);
    this.#field.show(lane ? valueAt(this.key) : value, this.moving);
  }

  /** Show the value at the frame that is shown, where it changes over the film. */
  follow() {
    if (this.moving) this.#field.show(valueAt(this.key), true);
  }

  /** Say why a value was refused; false where the row cannot be seen. */
  refuse(message) {
    if (!this.checkVisibility()) return false;
    this.#complain(message);
    if (!this.#field.restore) this.#field.show(settingOf(this.key)); // a choice has nothing to mend
    return true;
  }

  #cancel() {
    this.#complain("");
    this.#field.restore?.();
  }

  #complain(message) {
    if (this.#trouble.textContent === message) return;
    this.#trouble.textContent = message;
    this.#trouble.hidden = !message;
    for (const input of this.#field.inputs) input.setAttribute("aria-invalid", String(Boolean(message)));
  }

  #describe(lane) {
    const told = lane ? JSON.stringify([lane.keyframes?.length, lane.expression]) : "";
    this.#moves.hidden = !lane;
    if (told === this.#told || this.#moves.querySelector("input")?.matches(":focus")) return;
    this.#told = told;
    if (!lane) return;
    const fix = h("button", { class: "quiet", title: "Keep the value of this frame for the whole film", onclick: () => studio.send("fix_setting", { key: this.key }) }, "Make constant");
    const words = lane.keyframes
      ? h("a", { href: "#time" }, `${lane.keyframes.length} keyframe${lane.keyframes.length === 1 ? "" : "s"}`)
      : h("input", { class: "expression", value: lane.expression ?? "", "aria-label": `${this.label}, expression`, spellcheck: "false", autocomplete: "off", onchange: ({ target }) => this.set(target.value.trim()) });
    this.#moves.replaceChildren(icon("curve"), words, fix);
  }
}

customElements.define("dream-control", Control);
