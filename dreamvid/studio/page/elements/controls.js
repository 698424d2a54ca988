// <dream-controls>: settings of the preset, generated from the server's list. At first the simple
// ones, and those that were changed, move or list something; at #all every one, with a search.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { shortcut } from "../keys.js";
import { loadControls } from "../names.js";
import { studio } from "../studio.js";
import { Control } from "./control.js";
import { attachTip } from "./tip.js";

const LETTERS = ["x", "y", "z"];

export class Controls extends HTMLElement {
  #search = h("input", { type: "search", placeholder: "Search all settings", "aria-label": "Search all settings", oninput: () => this.#filter() });
  #changed = h("button", { class: "quiet", "aria-pressed": "false", title: "Only what differs from the preset that was opened", onclick: () => this.#toggle() }, "Changed");
  #groups = h("div", { class: "groups" });
  #note = h("p", { class: "note soft", role: "status", hidden: true });
  #rows = [];

  connectedCallback() {
    this.append(
      h("div", { class: "bar" }, h("label", { class: "search" }, icon("search"), this.#search), this.#changed),
      this.#groups,
      this.#note,
      h("a", { class: "button quiet more", href: "#all" }, "All settings"),
    );
    attachTip(this);
    addEventListener("hashchange", () => this.#filter());
    studio.addEventListener("state", () => this.#update());
    studio.addEventListener("status", () => this.#rows.forEach((row) => row.follow()));
    studio.addEventListener("connection", () => studio.connected && !this.#rows.length && this.#load());
    document.addEventListener("refusal", (event) => this.#refuse(event), true);
    shortcut("/", () => this.#find());
    this.#load();
  }

  get #all() {
    return location.hash === "#all";
  }

  async #load() {
    try {
      const groups = await loadControls();
      this.#groups.replaceChildren(...groups.map((group) => this.#group(group)));
      this.#rows = [...this.#groups.querySelectorAll("dream-control")];
      this.#filter();
    } catch (error) {
      this.#tell(`The settings cannot be listed: ${error.message}`);
    }
  }

  #group({ title, controls }) {
    const rows = controls.flatMap((control) =>
      control.items ? LETTERS.slice(0, control.items).map((letter, index) => Control.of(control, { letter, index })) : [Control.of(control)],
    );
    return h("section", {}, h("h3", {}, title), ...rows);
  }

  #update() {
    for (const row of this.#rows) row.update();
    this.#filter();
  }

  #filter() {
    const all = this.#all;
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const changed = all && this.#changed.getAttribute("aria-pressed") === "true";
    this.classList.toggle("all", all);
    for (const row of this.#rows) {
      const { key, title, help, simple } = row.control;
      const text = `${key} ${title} ${help}`.toLowerCase();
      row.hidden = all ? !words.every((word) => text.includes(word)) || (changed && !row.classList.contains("changed")) : !simple && !row.inUse;
    }
    let found = false;
    for (const section of this.#groups.children) {
      section.hidden = !section.querySelector("dream-control:not([hidden])");
      found ||= !section.hidden;
    }
    if (this.#rows.length) this.#tell(found ? "" : changed && !words.length ? "Nothing differs from the preset that was opened." : `No setting has “${this.#search.value}”.`);
  }

  #toggle() {
    this.#changed.setAttribute("aria-pressed", String(this.#changed.getAttribute("aria-pressed") !== "true"));
    this.#filter();
  }

  #find() {
    location.hash = "all";
    setTimeout(() => this.#search.select());
  }

  #refuse(event) {
    const { key, message } = event.detail;
    if (key && this.#row(key)?.refuse(message)) event.preventDefault();
  }

  has(key) {
    return Boolean(this.#row(key));
  }

  /** Show the row of a setting among all others, with what is wrong with it. */
  showSetting(key, trouble = "") {
    const row = this.#row(key);
    this.#search.value = "";
    this.#changed.setAttribute("aria-pressed", "false");
    location.hash = "all";
    setTimeout(() => {
      this.#filter();
      row.scrollIntoView({ block: "center" });
      row.querySelector(".field :is(input, select, textarea)").focus();
      if (trouble) row.refuse(trouble);
    });
  }

  #row(key) {
    return this.#rows.find((row) => row.key === key || row.control.key === key) ?? this.#rows.find((row) => key.startsWith(row.key));
  }

  #tell(words) {
    this.#note.textContent = words;
    this.#note.hidden = !words;
  }
}

customElements.define("dream-controls", Controls);
