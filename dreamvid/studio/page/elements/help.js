// <dream-help>: the list of all shortcuts.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { HELP } from "../shortcuts.js";

const APPLE = /Mac|iP(hone|ad)/.test(navigator.platform);

export class Help extends HTMLElement {
  connectedCallback() {
    if (this.dialog) return;
    const close = h("button", { class: "quiet round", "aria-label": "Close", onclick: () => this.toggle() }, icon("close"));
    const title = h("h2", { id: "help-title" }, "Shortcuts");
    const parts = HELP.map(([name, rows]) => h("section", {}, h("h3", {}, name), h("dl", {}, rows.flatMap(row))));
    this.dialog = h("dialog", { "aria-labelledby": "help-title" }, h("header", {}, title, close), h("div", { class: "parts" }, parts));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.toggle());
    this.dialog.addEventListener("keydown", (event) => event.key === "?" && this.toggle());
    this.append(this.dialog);
  }

  toggle() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }
}

function row([keys, text]) {
  const marks = keys.map((key) => h("kbd", {}, key === "Ctrl" && APPLE ? "⌘" : key));
  return [h("dt", {}, marks), h("dd", {}, text)];
}

customElements.define("dream-help", Help);
