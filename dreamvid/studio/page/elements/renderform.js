// <dream-render-form>: name, size, length and targets of a film, and what it will take.

import { fetchJson, h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";
import { Estimate } from "./estimate.js";

const SIZES = [
  ["1280x720", "1280 × 720, HD"],
  ["1920x1080", "1920 × 1080, Full HD"],
  ["1080x1920", "1080 × 1920, upright"],
  ["1080x1080", "1080 × 1080, square"],
];

export class RenderForm extends HTMLElement {
  #name = h("input", { required: true, maxlength: 80, autocomplete: "off", spellcheck: "false", oninput: () => (this.#named = true) });
  #size = h("select", { onchange: () => this.#changed() });
  #own = h("input", { placeholder: "960x540", "aria-label": "Width x height", pattern: "\\s*\\d{2,5}\\s*[x×]\\s*\\d{2,5}\\s*", title: "width x height, such as 960x540", hidden: true, oninput: () => this.#changed() });
  #seconds = h("input", { type: "number", min: 0, step: "any", inputmode: "decimal", oninput: () => this.#lengthen("seconds") });
  #frames = h("input", { type: "number", min: 1, max: 10000000, step: 1, inputmode: "numeric", oninput: () => this.#lengthen("frames") });
  #targets = h("div", { role: "group", "aria-label": "Sites and devices" });
  #sites = h("summary");
  #about = h("p", { class: "soft about" });
  #estimate = new Estimate();
  #refusal = h("p", { class: "trouble", role: "alert", hidden: true });
  #button = h("button", { class: "primary" });
  #named = false; // the name was typed, and is no longer the preset's
  #given = false; // so is the length
  #revision = -1;
  #sent = false;
  #before = new Set(); // jobs when it was sent

  connectedCallback() {
    this.append(
      h(
        "form",
        { onsubmit: (event) => this.#send(event) },
        h("label", {}, h("span", {}, "Name"), this.#name),
        h("label", {}, h("span", {}, "Size"), this.#size),
        this.#own,
        h("div", { class: "length" }, h("label", {}, h("span", {}, "Seconds"), this.#seconds), h("label", {}, h("span", {}, "Frames"), this.#frames)),
        h("details", { class: "targets", onchange: () => this.#changed() }, this.#sites, this.#targets, this.#about),
        this.#estimate.element,
        this.#refusal,
        this.#button,
      ),
    );
    this.#listTargets();
    studio.addEventListener("state", () => this.#follow());
    addEventListener("hashchange", () => this.#follow());
    document.addEventListener("refusal", (event) => this.#refuse(event), true);
    studio.addEventListener("renders", () => studio.renders.jobs.some(({ job }) => this.#sent && !this.#before.has(job)) && this.#wait(false));
    studio.addEventListener("connection", () => this.#wait(false));
    this.#wait(false);
    this.#follow();
  }

  /** Fill in what the preset says, where nothing else was chosen. */
  #follow() {
    const { state } = studio;
    if (!state) return;
    if (!this.#named) this.#name.value = state.name || "film";
    const size = state.values["start.size"];
    const chosen = this.#size.value;
    const first = h("option", { value: "" }, size ? `${String(size).replace("x", " × ")}, the preset's` : "as its picture");
    this.#size.replaceChildren(first, ...SIZES.map(([value, words]) => h("option", { value }, words)), h("option", { value: "own" }, "Another"));
    this.#size.value = chosen || "";
    if (!this.#given) this.#count(state.frames);
    if (location.hash !== "#renders") return this.#estimate.stop();
    if (this.#revision === state.revision && this.#estimate.shown) return;
    this.#revision = state.revision;
    this.#changed();
  }

  #count(frames) {
    this.#frames.value = frames;
    this.#seconds.value = Math.round((frames / studio.state.fps) * 100) / 100;
  }

  #lengthen(by) {
    this.#given = true;
    const fps = studio.state?.fps ?? 24;
    if (by === "seconds") this.#frames.value = Math.max(1, Math.round(this.#seconds.valueAsNumber * fps)) || "";
    else this.#seconds.value = Math.round((this.#frames.valueAsNumber / fps) * 100) / 100 || "";
    this.#changed();
  }

  #changed() {
    this.#own.hidden = this.#size.value !== "own";
    this.#own.required = !this.#own.hidden;
    this.#refusal.hidden = true;
    const chosen = [...this.#targets.querySelectorAll("input:checked")];
    this.#sites.textContent = chosen.length ? `Also for ${chosen.map(({ value }) => value).join(", ")}` : "Also for a site or device";
    this.#about.textContent = chosen.map(({ value, title }) => `${value}: ${title}`).join("; ");
    const ready = [this.#own, this.#frames].every((field) => field.hidden || field.checkValidity());
    if (ready) this.#estimate.ask(this.#film());
    else this.#estimate.stop();
  }

  #film() {
    const size = this.#size.value === "own" ? this.#own.value.replace(/\s/g, "").replace("×", "x") : this.#size.value;
    const targets = [...this.#targets.querySelectorAll("input:checked")].map(({ value }) => value);
    return { size: size || null, frames: this.#given ? this.#frames.valueAsNumber : null, targets };
  }

  #send(event) {
    event.preventDefault();
    this.#refusal.hidden = true;
    this.#wait(true);
    this.#before = new Set(studio.renders?.jobs.map(({ job }) => job));
    studio.send("render", { name: this.#name.value.trim(), ...this.#film() });
  }

  #refuse(event) {
    if (!this.#sent) return;
    event.preventDefault();
    this.#wait(false);
    this.#refusal.textContent = event.detail.message;
    this.#refusal.hidden = false;
  }

  /** Show that the film is being checked, which takes the server some seconds. */
  #wait(sent) {
    if (!sent && !this.#sent && this.#button.firstChild) return;
    this.#sent = sent;
    this.#button.disabled = sent;
    this.#button.replaceChildren(icon("render"), sent ? "Checking the film …" : "Put into the queue");
  }

  async #listTargets() {
    const { targets } = await fetchJson("api/targets").catch(() => ({ targets: [] }));
    const box = ({ name, about, shape }) => h("label", { title: `${about} (${shape})` }, h("input", { type: "checkbox", value: name, title: `${about} (${shape})` }), h("span", {}, name));
    this.#targets.append(...targets.map(box));
  }
}

customElements.define("dream-render-form", RenderForm);
