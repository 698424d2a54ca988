// <dream-header>: the preset's name, undo and redo, save, films, renders; the window's title.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { shortcut } from "../keys.js";
import { studio } from "../studio.js";
import "./notices.js";
import "./save.js";

const APPLE = /Mac|iP(hone|ad)/.test(navigator.platform);
const CONTROL = APPLE ? "⌘" : "Ctrl+";

export class Header extends HTMLElement {
  #name = h("span", { class: "name" });
  #dot = h("i", { class: "dot", role: "img", "aria-label": "not saved", title: "Not saved" });
  #undo = act("undo", "Undo", () => studio.send("undo"));
  #redo = act("redo", "Redo", () => studio.send("redo"));
  #count = h("b", { class: "badge", hidden: true });
  #save = h("dream-save");

  connectedCallback() {
    this.append(
      h("a", { class: "button quiet open", href: "#gallery", title: "Open a preset (G)" }, icon("open"), this.#name, this.#dot, icon("down")),
      this.#undo,
      this.#redo,
      h("span", { class: "gap" }),
      h("span", { class: "desktop" }, act("knob", "MIDI", () => document.querySelector("dream-midi").toggle()), act("help", "Shortcuts", () => document.querySelector("dream-help").toggle())),
      h("button", { class: "quiet save", title: `Save the preset (S)`, onclick: () => this.#save.open() }, icon("save"), h("span", {}, "Save")),
      h("a", { class: "button quiet", href: "#films", title: "Finished films" }, icon("film"), h("span", {}, "Films")),
      h("a", { class: "button primary", href: "#renders", title: "Render the film" }, icon("render"), "Render", this.#count),
      this.#save,
    );
    this.after(h("dream-notices"));
    shortcut("ctrl+z", () => studio.send("undo"));
    shortcut("ctrl+shift+z", () => studio.send("redo"));
    shortcut("ctrl+y", () => studio.send("redo"));
    shortcut("ctrl+s", () => this.#save.open());
    studio.addEventListener("state", () => this.#show());
    studio.addEventListener("renders", () => this.#countRenders());
    this.#show();
  }

  #show() {
    const { state } = studio;
    this.#name.textContent = state?.name ?? "Presets";
    this.#dot.hidden = state?.saved ?? true;
    document.title = state ? `${state.saved ? "" : "• "}${state.name} – dreamvid studio` : "dreamvid studio";
    say(this.#undo, "Undo", state?.undo, `${CONTROL}Z`);
    say(this.#redo, "Redo", state?.redo, APPLE ? "⇧⌘Z" : "Ctrl+Y");
  }

  #countRenders() {
    const jobs = studio.renders.jobs.filter(({ state }) => state === "waiting" || state === "rendering").length;
    this.#count.hidden = !jobs;
    this.#count.textContent = jobs;
    this.#count.title = jobs === 1 ? "one film in the queue" : `${jobs} films in the queue`;
  }
}

function act(shape, label, onclick) {
  return h("button", { class: "round quiet", "aria-label": label, onclick }, icon(shape));
}

function say(button, verb, change, keys) {
  button.disabled = !change;
  button.title = change ? `${verb}: ${change} (${keys})` : verb;
}

customElements.define("dream-header", Header);
