// <dream-ruler>: seconds and frames, the frames that can be gone back to, and the playhead to drag.

import { h } from "../dom.js";
import { colour, prepare } from "../paint.js";
import { studio } from "../studio.js";
import { clock } from "../timeview.js";

const BETWEEN = 34; // milliseconds between two `seek`: 30 a second at most
const PATIENCE = 700; // milliseconds that the playhead waits where it was put

export class Ruler extends HTMLElement {
  view = null; // set by the timeline
  shown = -1; // frame of the newest picture, which may come before the status says so
  #wanted = null; // frame asked for, until it is shown
  #timer = 0;
  #asked = 0;

  connectedCallback() {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.replaceChildren(this.canvas);
    this.tabIndex = 0;
    this.setAttribute("role", "slider");
    this.setAttribute("aria-label", "Playhead");
    this.addEventListener("pointerdown", (event) => this.#grab(event));
    this.addEventListener("pointermove", (event) => {
      if (this.hasPointerCapture(event.pointerId)) this.#drag(event);
    });
    this.addEventListener("pointerup", () => this.#release());
    this.addEventListener("pointercancel", () => this.#release());
    this.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Frame where the playhead is: the one asked for, or the one shown. */
  get frame() {
    return Math.max(0, this.#wanted ?? this.shown);
  }

  /** Go to a frame, or the nearest one that was dreamed. */
  seek(frame) {
    const { first, last } = studio.status ?? { first: -1, last: -1 };
    if (last < 0 || !studio.connected) return;
    this.#wanted = Math.max(first, Math.min(last, Math.round(frame)));
    const wait = Math.max(0, this.#asked + BETWEEN - performance.now());
    if (!wait && !this.#timer) this.#ask();
    else this.#timer ||= setTimeout(() => this.#ask(), wait);
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => this.#forget(), PATIENCE);
    this.dispatchEvent(new Event("moved", { bubbles: true }));
  }

  #ask() {
    this.#timer = 0;
    this.#asked = performance.now();
    if (this.#wanted !== null) studio.send("seek", { frame: this.#wanted });
  }

  #forget() {
    this.#wanted = null;
    this.dispatchEvent(new Event("moved", { bubbles: true }));
  }

  #grab(event) {
    if (event.button || !event.isPrimary) return;
    this.setPointerCapture(event.pointerId);
    this.classList.add("dragged");
    this.#drag(event);
  }

  #drag(event) {
    this.seek(this.view.frame(event.clientX - this.getBoundingClientRect().left));
  }

  #release() {
    this.classList.remove("dragged");
  }

  #press(event) {
    const { first, last } = studio.status ?? {};
    const second = Math.round(studio.state?.fps ?? 24);
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -second, PageUp: second };
    const to = event.key === "Home" ? first : event.key === "End" ? last : this.frame + by[event.key];
    if (!Number.isFinite(to) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.seek(to);
  }

  draw() {
    const { state, status } = studio;
    if (!state || !this.view) return;
    if (this.shown === this.#wanted && !this.classList.contains("dragged")) this.#wanted = null;
    this.#speak(state, status);
    const { context, width, height } = prepare(this.canvas);
    this.#drawBand(context, height, state, status);
    this.#drawTicks(context, width, height, state);
    this.#drawPlayhead(context, height, state);
  }

  #drawPlayhead(context, height, { recording }) {
    const x = this.view.x(this.frame);
    context.fillStyle = colour(this, recording ? "record" : "text");
    context.fillRect(x - 0.75, 0, 1.5, height);
    context.beginPath();
    context.moveTo(x - 6, 0);
    context.lineTo(x + 6, 0);
    context.lineTo(x, 9);
    context.fill();
  }

  #speak(state, status) {
    const { frame } = this;
    this.setAttribute("aria-valuemin", Math.max(0, status?.first ?? 0));
    this.setAttribute("aria-valuemax", Math.max(0, status?.last ?? 0));
    this.setAttribute("aria-valuenow", frame);
    this.setAttribute("aria-valuetext", `frame ${frame}, ${clock(frame / state.fps)}`);
  }

  /** The frames that can be gone back to; faint where other settings dreamed them. */
  #drawBand(context, height, state, status) {
    if (!status || status.last < 0) return;
    const { view } = this;
    const same = Math.min(status.last + 1, Math.max(status.first, state.seen_from ?? Infinity));
    const [from, turn, to] = [status.first, same, status.last].map((frame) => view.x(frame));
    context.fillStyle = colour(this, "soft");
    context.globalAlpha = 0.5;
    for (let x = from; x < Math.min(turn, to); x += 5) context.fillRect(x, height - 5, 2.5, 4);
    context.globalAlpha = 1;
    context.fillStyle = colour(this, "accent");
    if (same <= status.last) context.fillRect(turn, height - 5, Math.max(2, to - turn), 4);
  }

  #drawTicks(context, width, height, state) {
    const { view } = this;
    const [from, to] = view.sight;
    context.font = `11px ${getComputedStyle(this).fontFamily}`;
    context.textBaseline = "top";
    const row = (step, top, name, length, text) => {
      context.fillStyle = colour(this, text);
      for (let at = Math.max(0, Math.ceil(from / step)); at * step <= to; at++) {
        const frame = at * step;
        const x = Math.round(view.x(frame));
        if (frame > view.whole || x < -40 || x > width + 40) continue;
        context.fillRect(x, height - 6 - length, 1, length);
        const label = name(frame);
        const room = context.measureText(label).width;
        context.fillText(label, Math.max(1, Math.min(x + 4, width - room - 1)), top);
      }
    };
    const seconds = view.secondStep(64, state.fps);
    row(seconds * state.fps, 2, (frame) => clock(frame / state.fps, seconds), height - 8, "text");
    row(view.frameStep(56), 16, (frame) => String(Math.round(frame)), 6, "soft");
  }
}

customElements.define("dream-ruler", Ruler);
