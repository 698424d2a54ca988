// <dream-timeline>: the film's time under the picture: ruler, playhead, a lane for each setting
// that changes, and the keyframe that is selected.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { loadControls, titleOf } from "../names.js";
import { studio } from "../studio.js";
import { TimeView } from "../timeview.js";
import { laneAdder } from "./addlane.js";
import "./keyframe.js";
import "./lane.js";
import "./ruler.js";
import { timeHint } from "./timehint.js";
import { zoomByHand } from "./zoom.js";

export class Timeline extends HTMLElement {
  view = new TimeView();
  selected = null; // {key, frame} of the keyframe that is selected
  #lanes = new Map(); // elements by key
  #drawing = 0;

  connectedCallback() {
    if (this.ruler) return;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Timeline");
    this.ruler = h("dream-ruler");
    this.ruler.view = this.view;
    this.editor = h("dream-keyframe");
    this.hint = h("p", { class: "hint", role: "status" });
    this.head = h("div", { class: "playhead", "aria-hidden": "true" });
    this.sheet = h("div", { class: "sheet" }, h("div", { class: "ruler-row" }, h("span"), this.ruler), this.head);
    this.rows = h("div", { class: "rows" }, this.sheet);
    this.length = h("div");
    this.scroller = h("div", { class: "scroller", tabindex: "-1", hidden: true }, this.length);
    this.append(this.#makeBar(), this.rows, this.scroller);
    this.addEventListener("pick", ({ detail }) => this.select(detail.frame === null ? null : detail));
    this.addEventListener("moved", () => this.redraw());
    this.scroller.addEventListener("scroll", () => this.#scrolled());
    zoomByHand(this);
    new ResizeObserver(() => this.redraw()).observe(this.ruler);
    studio.addEventListener("state", () => this.#update());
    studio.addEventListener("connection", () => {
      this.#update();
      if (studio.connected) loadControls().then(() => this.#update(), () => null);
    });
    studio.addEventListener("status", () => this.#follow(studio.status.frame));
    studio.addEventListener("picture", ({ detail }) => this.#follow(detail.frame));
    document.addEventListener("refusal", (event) => this.#refuse(event), true);
    this.#update();
  }

  /** Frame at the playhead. */
  get playhead() {
    return this.ruler.frame;
  }

  /** Select a keyframe, {key, frame}; null: none. */
  select(selected) {
    this.selected = selected;
    this.#update();
  }

  /** Delete the keyframe that is selected. True: there was one. */
  deleteKey() {
    return this.editor.delete();
  }

  /** Go to the next keyframe, or with -1 the one before; select it. */
  goToKey(by) {
    const { playhead } = this;
    const keys = (studio.state?.lanes ?? []).flatMap(({ key, keyframes }) => (keyframes ?? []).map(({ frame }) => ({ key, frame })));
    const ahead = keys.filter(({ frame }) => (Math.round(frame) - playhead) * by > 0);
    const nearest = ahead.sort((a, b) => (a.frame - b.frame) * by)[0];
    if (!nearest) return;
    this.select(nearest);
    this.ruler.seek(nearest.frame);
  }

  /** Bring a lane into sight, and give it the focus. */
  goToLane(key) {
    const { track } = this.#lanes.get(key);
    track.scrollIntoView({ block: "nearest" });
    track.focus();
  }

  /** Show `factor` times fewer frames, around pixel `x` or the playhead. */
  zoom(factor, x = this.view.x(this.playhead)) {
    const inside = x >= 0 && x <= this.view.width;
    this.view.zoom(factor, inside ? x : undefined);
    this.redraw();
  }

  /** Draw everything anew at the next chance. */
  redraw() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  #makeBar() {
    const button = (name, label, act) => h("button", { class: "quiet round", "aria-label": label, title: label, onclick: act }, icon(name));
    return h(
      "div",
      { class: "bar" },
      this.editor,
      this.hint,
      laneAdder(this),
      button("previous", "Previous keyframe", () => this.goToKey(-1)),
      button("next", "Next keyframe", () => this.goToKey(1)),
      button("minus", "Zoom out", () => this.zoom(0.5)),
      button("plus", "Zoom in", () => this.zoom(2)),
      button("fit", "Show the whole film", () => (this.view.fit(), this.redraw())),
    );
  }

  #update() {
    const { state } = studio;
    if (!state) return;
    if (state.revision !== this.revision) this.trouble = null;
    this.revision = state.revision;
    this.classList.toggle("recording", state.recording);
    this.classList.toggle("offline", !studio.connected);
    this.view.frames = state.frames;
    this.view.scroll(this.view.first);
    const lanes = new Set(state.lanes.map(({ key }) => key));
    for (const [key, element] of this.#lanes) {
      if (lanes.has(key)) continue;
      element.remove();
      this.#lanes.delete(key);
    }
    state.lanes.forEach((lane) => this.#laneOf(lane.key).show(lane, titleOf(lane.key), this.#marks(lane)));
    this.#order(state.lanes);
    this.#showSelected(state);
    this.redraw();
  }

  #laneOf(key) {
    if (!this.#lanes.has(key)) {
      const lane = h("dream-lane");
      lane.view = this.view;
      this.#lanes.set(key, lane);
      this.sheet.append(lane);
    }
    return this.#lanes.get(key);
  }

  /** Keep the lanes in the state's order; those that are right are not moved, to keep the focus. */
  #order(lanes) {
    let place = this.head;
    for (const { key } of lanes) {
      const lane = this.#lanes.get(key);
      if (place.nextSibling !== lane) place.after(lane);
      place = lane;
    }
  }

  #marks({ key }) {
    const selected = this.selected?.key === key ? this.selected.frame : null;
    return { selected, recording: studio.state.recording };
  }

  #showSelected(state) {
    const { key, frame } = this.selected ?? {};
    const lane = state.lanes.find((lane) => lane.key === key);
    const keyframe = lane?.keyframes?.find((one) => Math.round(one.frame) === Math.round(frame));
    this.editor.show(key, keyframe && titleOf(key), keyframe ?? null, state.frames);
  }

  #refuse(event) {
    const { key, message } = event.detail;
    if (event.defaultPrevented || !this.#lanes.has(key) || !this.checkVisibility()) return;
    event.preventDefault();
    this.trouble = message;
    this.redraw();
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => {
      this.trouble = null;
      this.redraw();
    }, 8000);
  }

  #follow(frame) {
    this.ruler.shown = frame;
    if (studio.status?.playing) this.view.follow(frame);
    this.redraw();
  }

  #scrolled() {
    const { scroller, view } = this;
    const most = scroller.scrollWidth - scroller.clientWidth;
    if (!view.zoomed || most <= 0 || this.placed === scroller.scrollLeft) return;
    view.scroll((scroller.scrollLeft / most) * (view.whole - view.span));
    this.redraw();
  }

  #draw() {
    const { state } = studio;
    const { view, playhead } = this;
    if (!state || !this.ruler.clientWidth) return;
    view.width = this.ruler.clientWidth;
    this.ruler.draw();
    for (const lane of this.#lanes.values()) lane.draw();
    const x = view.x(playhead);
    this.head.hidden = x < 0 || x > view.width;
    this.head.style.transform = `translateX(${this.ruler.offsetLeft + x}px)`;
    const [text, kind] = this.trouble ? [this.trouble, "trouble"] : timeHint(studio);
    if (this.hint.textContent !== text) this.hint.textContent = text;
    this.hint.className = `hint ${kind}`;
    this.#placeScroller();
  }

  /** Let the scroll bar show which part of the film is in sight. */
  #placeScroller() {
    const { scroller, view } = this;
    scroller.hidden = !view.zoomed;
    if (!view.zoomed) return;
    this.length.style.width = `${(100 * view.whole) / view.span}%`;
    const most = scroller.scrollWidth - scroller.clientWidth;
    const left = Math.round((view.first / (view.whole - view.span)) * most);
    if (Math.abs(scroller.scrollLeft - left) > 1) scroller.scrollLeft = left;
    this.placed = scroller.scrollLeft;
  }
}

customElements.define("dream-timeline", Timeline);
