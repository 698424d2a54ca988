// <dream-transport>: play, pause, step, restart, record, dice; frame, speed, preview size.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { shortcut } from "../keys.js";
import { studio } from "../studio.js";
import "./preview.js";

const SEEDS = 10_000;

export class Transport extends HTMLElement {
  #play = h("button", { class: "round play", "data-action": "play", title: "Play or pause (space)", onclick: () => this.#toggle() });
  #record = h(
    "button",
    { class: "record", "data-action": "record", title: "Write changes as keyframes (r)", onclick: () => studio.send("record", { on: !studio.state?.recording }) },
    h("i"),
    h("span", {}, "Record"),
  );
  #endless = button("endless", "endless", "Go on past the end: the film is made longer", () => studio.send("set_endless", { on: !studio.state.endless }));
  #frame = h("output", { class: "frame" });
  #speed = h("output", { class: "speed" });

  connectedCallback() {
    this.append(
      button("restart", "restart", "Begin again at the start picture (Home)", () => studio.send("restart")),
      this.#play,
      button("step", "step", "Dream one frame (.)", () => studio.send("step")),
      this.#record,
      this.#frame,
      this.#speed,
      this.#endless,
      button("seed", "dice", "Another seed", () => studio.set("seed", Math.floor(Math.random() * SEEDS))),
      h("dream-compare"),
      h("dream-preview"),
      button(null, "full", "Full screen (f)", () => document.querySelector("dream-stage").toggleFull()),
    );
    shortcut("space", () => this.#toggle());
    for (const name of ["state", "status", "connection"]) studio.addEventListener(name, () => this.#show());
    this.#show();
  }

  #toggle() {
    const { status, state } = studio;
    if (status?.playing) return studio.send("pause");
    if (state && status?.frame >= state.frames - 1) studio.send("restart");
    studio.send("play");
  }

  #show() {
    const { status, state, connected } = studio;
    const playing = status?.playing ?? false;
    if (this.#play.getAttribute("aria-label") !== name(playing)) {
      this.#play.replaceChildren(icon(playing ? "pause" : "play"));
      this.#play.setAttribute("aria-label", name(playing));
    }
    for (const one of this.querySelectorAll("button")) one.disabled = !connected || !state;
    this.#record.setAttribute("aria-pressed", String(state?.recording ?? false));
    this.#endless.setAttribute("aria-pressed", String(state?.endless ?? true));
    if (!status || !state) return;
    const frame = Math.max(0, status.frame);
    this.#frame.replaceChildren(
      h("b", {}, String(status.frame < 0 ? "start" : frame).padStart(String(state.frames).length, "\u2007")),
      ` / ${state.frames - 1}`,
      h("span", {}, clock(frame / state.fps)),
    );
    this.#speed.replaceChildren(
      h("b", {}, status.dreamed.toFixed(1)), h("span", {}, " dreamed, ", h("b", {}, status.shown.toFixed(0)), " shown"), " a second",
    );
  }
}

function name(playing) {
  return playing ? "Pause" : "Play";
}

function button(action, shape, title, onclick) {
  return h("button", { class: "round quiet", "data-action": action, title, "aria-label": title.replace(/ \(.*\)$/, ""), onclick }, icon(shape));
}

function clock(seconds) {
  const tenths = Math.floor(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

customElements.define("dream-transport", Transport);
