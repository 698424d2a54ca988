// <dream-lane>: a setting over the film: its curve, and its keyframes to select and to drag.
//
// Events, which bubble: "pick" {key, frame}, frame null for none. Commands go to the server;
// what they change comes back with the state.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { moveKey, setKey } from "../keyframes.js";
import { isNumber, rangeOf, roundTo, short, stepOf, valueAt } from "../lanecurve.js";
import { studio } from "../studio.js";
import { dragKeyframe } from "./keydrag.js";
import { drawLane, heightOf } from "./lanepaint.js";
import { laneMenu } from "./lanemenu.js";

const APART = 12; // pixels to the keyframe before and after, or it is a dot without a handle
const REACH = 8; // pixels from a dot that still mean it

export class Lane extends HTMLElement {
  lane = null; // as in the state
  view = null; // the timeline's
  selected = null; // frame of the keyframe that is selected
  drag = null; // {frame, to: {frame, value}, range} while a keyframe is dragged
  #handles = new Map(); // by frame

  connectedCallback() {
    if (this.track) return;
    this.name = h("span", { class: "name" });
    this.now = h("output", { class: "now" });
    this.adder = h("button", { class: "quiet round", onclick: () => this.addKey() }, icon("keyframe"));
    this.menu = laneMenu(this);
    this.text = h("input", { class: "expression", spellcheck: "false", autocomplete: "off", hidden: true });
    this.text.addEventListener("change", () => this.#write());
    this.text.addEventListener("keydown", (event) => event.key === "Escape" && this.showText(false));
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.keys = h("div", { class: "keys" });
    this.track = h("div", { class: "track", tabindex: "0", role: "listbox" }, this.canvas, this.keys);
    this.track.addEventListener("keydown", (event) => this.#press(event));
    this.track.addEventListener("dblclick", (event) => this.#double(event));
    this.track.addEventListener("pointerdown", (event) => this.#grab(event));
    this.append(h("div", { class: "head" }, this.name, this.now, this.adder, this.menu), h("div", { class: "cell" }, this.track, this.text));
  }

  /** Take what the state says about this lane. */
  show(lane, title, { selected, recording }) {
    this.lane = lane;
    this.selected = selected;
    this.classList.toggle("recording", recording);
    this.name.textContent = title;
    this.name.title = lane.key;
    this.adder.setAttribute("aria-label", `Add a keyframe to ${title} at the playhead`);
    this.adder.title = "Add a keyframe at the playhead";
    this.menu.firstChild.setAttribute("aria-label", `Menu of ${title}`);
    this.adder.disabled = !lane.keyframes;
    const count = lane.keyframes?.length ?? 0;
    const kind = lane.keyframes ? `${count} ${count === 1 ? "keyframe" : "keyframes"}` : `expression ${lane.expression}`;
    this.track.setAttribute("aria-label", `${title}: ${kind}`);
    this.text.setAttribute("aria-label", `Expression of ${title}`);
    if (!lane.keyframes) this.showText(true);
    else if (!this.editing) this.showText(false);
  }

  /** Show or hide the field with the lane's expression. */
  showText(on, edit = false) {
    this.editing = edit;
    this.text.hidden = !on && Boolean(this.lane.keyframes);
    if (document.activeElement !== this.text) this.text.value = this.lane.expression ?? "";
    if (edit) {
      this.text.value ||= String(valueAt(this.lane, this.playhead, this.view.frames));
      this.text.focus();
    }
  }

  get playhead() {
    return this.closest("dream-timeline").playhead;
  }

  get range() {
    return this.drag?.range ?? rangeOf(this.lane);
  }

  draw() {
    if (!this.lane) return;
    const now = valueAt(this.lane, this.playhead, this.view.frames);
    this.now.textContent = Number.isFinite(now) ? short(now) : ""; // unknown where it follows the sound
    drawLane(this);
    this.#placeHandles();
  }

  /** Add a keyframe: at the playhead, with the value that the lane has there. */
  addKey(frame = this.playhead, value = valueAt(this.lane, frame, this.view.frames)) {
    if (!this.lane.keyframes) return;
    const before = this.lane.keyframes.filter((key) => key.frame <= frame).at(-1);
    const rounded = Number.isFinite(value) ? roundTo(value, stepOf(this.range) / 10) : (before ?? this.lane.keyframes[0]).value;
    setKey(this.lane.key, { frame, value: rounded, ease: before?.ease ?? "smooth" });
    this.select(frame);
  }

  /** Select a keyframe; null: none. */
  select(frame) {
    this.dispatchEvent(new CustomEvent("pick", { bubbles: true, detail: { key: this.lane.key, frame } }));
  }

  #write() {
    const value = this.text.value.trim();
    this.editing = false;
    if (value) studio.send("set", { key: this.lane.key, value });
    if (this.lane.keyframes) this.showText(false);
  }

  #frameAt(event) {
    const frame = Math.round(this.view.frame(event.clientX - this.canvas.getBoundingClientRect().left));
    return Math.max(0, Math.min(frame, this.view.frames - 1));
  }

  #double(event) {
    if (event.target.closest(".key") || this.#nearest(event) !== undefined) return;
    const { top } = this.canvas.getBoundingClientRect();
    this.addKey(this.#frameAt(event), heightOf(this).value(event.clientY - top));
  }

  #grab(event) {
    const handle = event.target.closest(".key");
    if (event.button) return;
    const frame = handle ? Number(handle.dataset.frame) : this.#nearest(event);
    if (frame === undefined) this.select(null);
    else dragKeyframe(this, frame, event);
  }

  /** Frame of the keyframe at a pointer that is too close to others for a handle. */
  #nearest(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y, height] = [event.clientX - box.left, event.clientY - box.top, heightOf(this)];
    const far = ({ frame, value }) => Math.hypot(this.view.x(frame) - x, isNumber({ value }) ? height.y(value) - y : 0);
    const near = (this.lane.keyframes ?? []).filter((key) => far(key) < REACH);
    return near.sort((a, b) => far(a) - far(b))[0]?.frame;
  }

  #press(event) {
    const { lane, selected } = this;
    const keys = lane.keyframes ?? [];
    const at = keys.findIndex(({ frame }) => frame === selected);
    const key = keys[at];
    const step = stepOf(this.range);
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !keys.length) return;
    if (across && event.shiftKey && key) this.#moveTo(key, Math.round(key.frame) + across);
    else if (across) this.select((keys[at + across] ?? (at < 0 ? keys[across < 0 ? keys.length - 1 : 0] : key)).frame);
    else if (up && key && isNumber(key)) {
      const value = roundTo(key.value + up * step * (event.shiftKey ? 10 : 1), step / 10);
      setKey(lane.key, { ...key, value });
    }
    else if (event.key === "Home" || event.key === "End") this.select(keys.at(event.key === "Home" ? 0 : -1).frame);
    else if (event.key === "Enter") this.closest("dream-timeline").editor.focus();
    else if (event.key === "Insert") this.addKey();
    else if (event.key === "Escape") this.select(null);
    else return;
    event.preventDefault();
  }

  #moveTo(key, to) {
    const taken = this.lane.keyframes.some(({ frame }) => frame === to);
    if (taken || to < 0 || to > this.view.frames - 1) return;
    moveKey(this.lane.key, key.frame, to);
    this.select(to);
  }

  /** Put handles on the keyframes in sight, but for those too close to others. */
  #placeHandles() {
    const { view, selected, drag } = this;
    const [from, to] = view.sight;
    const height = heightOf(this);
    const kept = new Set();
    const keys = this.lane.keyframes ?? [];
    for (const [index, key] of keys.entries()) {
      if (key.frame < from || key.frame > to) continue;
      const dragged = drag?.frame === key.frame;
      const { frame, value } = dragged ? drag.to : key;
      const x = view.x(frame);
      const alone = x - view.x(keys[index - 1]?.frame ?? -1e9) >= APART && view.x(keys[index + 1]?.frame ?? 1e9) - x >= APART;
      if (!alone && key.frame !== selected && !dragged) continue;
      kept.add(key.frame);
      const handle = this.#handles.get(key.frame) ?? this.#makeHandle(key.frame);
      const at = isNumber({ value }) ? value : valueAt(this.lane, key.frame, view.frames);
      const y = height.y(Number.isFinite(at) ? at : (this.range[0] + this.range[1]) / 2);
      handle.style.transform = `translate(${x}px, ${y}px)`;
      handle.dataset.ease = key.ease;
      handle.setAttribute("aria-selected", key.frame === selected);
      handle.setAttribute("aria-label", `frame ${frame}, value ${short(value)}, ${key.ease}`);
      if (key.frame === selected) this.track.setAttribute("aria-activedescendant", handle.id);
    }
    if (selected === null) this.track.removeAttribute("aria-activedescendant");
    for (const [frame, handle] of this.#handles) {
      if (kept.has(frame)) continue;
      handle.remove();
      this.#handles.delete(frame);
    }
  }

  #makeHandle(frame) {
    const id = `key-${this.lane.key.replace(/[^\w-]/g, "-")}-${frame}`;
    const handle = h("div", { class: "key", role: "option", id, "data-frame": frame });
    this.#handles.set(frame, handle);
    this.keys.append(handle);
    return handle;
  }
}

customElements.define("dream-lane", Lane);
