// <dream-keyframe>: the keyframe that is selected, in numbers: frame, value, ease.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { deleteKey, moveKey, setKey } from "../keyframes.js";
import { short } from "../lanecurve.js";

const EASES = { linear: "linear", hold: "hold", smooth: "smooth", in: "ease in", out: "ease out", bounce: "bounce", elastic: "elastic" };

export class Keyframe extends HTMLElement {
  #key = null;
  #keyframe = null;

  connectedCallback() {
    if (this.frame) return;
    this.hidden = true;
    this.title_ = h("span", { class: "name" });
    this.frame = h("input", { type: "number", min: "0", step: "1", onchange: () => this.#move() });
    this.value = h("input", { class: "value", autocomplete: "off", spellcheck: "false", onchange: () => this.#write() });
    this.ease = h("select", { title: "The way to the next keyframe", onchange: () => this.#write() });
    for (const [ease, text] of Object.entries(EASES)) this.ease.append(h("option", { value: ease }, text));
    this.append(
      this.title_,
      h("label", {}, "Frame", this.frame),
      h("label", {}, "Value", this.value),
      h("label", {}, "Ease", this.ease),
      h("button", { class: "quiet", onclick: () => this.delete(), title: "Delete" }, "Delete"),
      h("button", { class: "quiet round", "aria-label": "Close", onclick: () => this.#pick(null) }, icon("close")),
    );
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.#pick(null));
  }

  /** Show a keyframe of the setting `key`; null hides the fields. */
  show(key, title, keyframe, frames) {
    this.hidden = !keyframe;
    const other = key !== this.#key || keyframe?.frame !== this.#keyframe?.frame;
    [this.#key, this.#keyframe] = [key, keyframe];
    if (!keyframe) return;
    this.title_.textContent = title;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", `Keyframe of ${title}`);
    this.frame.max = frames - 1;
    const values = [[this.frame, keyframe.frame], [this.value, short(keyframe.value)], [this.ease, keyframe.ease]];
    for (const [field, value] of values) if (other || field !== document.activeElement) field.value = value;
  }

  focus() {
    if (!this.hidden) this.value.select();
  }

  /** Delete the keyframe that is shown. True: there was one. */
  delete() {
    if (!this.#keyframe) return false;
    deleteKey(this.#key, this.#keyframe.frame);
    this.#pick(null);
    return true;
  }

  #pick(frame) {
    this.dispatchEvent(new CustomEvent("pick", { bubbles: true, detail: { key: this.#key, frame } }));
  }

  #move() {
    const to = Math.max(0, Math.min(Math.round(Number(this.frame.value)), Number(this.frame.max)));
    if (this.frame.value === "" || to === this.#keyframe.frame) return void (this.frame.value = this.#keyframe.frame);
    moveKey(this.#key, this.#keyframe.frame, to);
    this.#pick(to);
  }

  #write() {
    const text = this.value.value.trim().replace(",", ".");
    if (!text) return void (this.value.value = short(this.#keyframe.value));
    const kept = text === short(this.#keyframe.value);
    const value = kept ? this.#keyframe.value : Number.isFinite(Number(text)) ? Number(text) : this.value.value.trim();
    setKey(this.#key, { frame: this.#keyframe.frame, value, ease: this.ease.value });
  }
}

customElements.define("dream-keyframe", Keyframe);
