// Card of a finished film: plays it forward, reversed or as a loop, and what can be made of it.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";
import { bytes, clock } from "../units.js";

const KINDS = { forward: "Forward", reverse: "Reversed", loop: "Loop" };

export class FilmCard {
  #film;
  #played; // called when it begins to play
  #screen = h("div", { class: "screen" });
  #kinds;
  #more = h("div", { class: "more", hidden: true });
  #acts = []; // buttons that open something below

  constructor(film, played) {
    this.#film = film;
    this.#played = played;
    const kinds = Object.keys(KINDS).filter((kind) => film.files[kind]);
    this.#kinds = kinds.map((kind) => h("button", { class: "quiet", "aria-pressed": "false", onclick: () => this.#play(kind) }, KINDS[kind]));
    this.#kinds.forEach((button, index) => (button.dataset.kind = kinds[index]));
    const facts = `${clock(film.seconds)} · ${film.size.replace("x", " × ")} · ${+film.fps.toFixed(2)}/s`;
    this.element = h(
      "li",
      { "data-job": film.job },
      this.#screen,
      h("div", { class: "title" }, h("b", { title: film.job }, film.title), h("span", { class: "soft" }, facts)),
      h(
        "div",
        { class: "kinds", role: "group", "aria-label": "Play" },
        ...this.#kinds,
        film.files.report ? h("a", { class: "button quiet", href: this.#address(film.files.report), target: "_blank", rel: "noopener" }, "Report") : null,
      ),
      h(
        "div",
        { class: "acts" },
        h("button", { title: "Open the settings it was made with", onclick: () => this.#open() }, "Open settings"),
        this.#opener("Extend", () => this.#extend()),
        this.#opener("Variations", () => this.#vary()),
        this.#opener("Download", () => this.#download()),
      ),
      this.#more,
    );
    this.#rest();
  }

  pause() {
    this.#screen.querySelector("video")?.pause();
    if (this.#screen.querySelector("img.loop")) this.#rest();
  }

  #address(file) {
    return `films/${encodeURIComponent(this.#film.job)}/${encodeURIComponent(file)}?${encodeURIComponent(this.#film.finished)}`;
  }

  /** Show the poster. */
  #rest() {
    const { files, plays, title } = this.#film;
    const poster = files.poster ? h("img", { src: this.#address(files.poster), alt: "", loading: "lazy", decoding: "async" }) : null;
    const button = plays
      ? h("button", { class: "begin", "aria-label": `Play ${title}`, onclick: () => this.#play("forward") }, icon("play"))
      : h("p", { class: "unplayable" }, `${files.forward}: browsers do not play it; download it`);
    this.#screen.replaceChildren(...[poster, button].filter(Boolean));
    this.#press("");
  }

  #play(kind) {
    const address = this.#address(this.#film.files[kind]);
    this.#press(kind);
    this.#played();
    if (kind === "loop") {
      this.#screen.replaceChildren(h("img", { class: "loop", src: address, alt: `Loop of ${this.#film.title}` }));
      return;
    }
    const video = h("video", { src: address, controls: true, loop: true, playsinline: true, "aria-label": `${this.#film.title}, ${KINDS[kind].toLowerCase()}` });
    video.addEventListener("error", () => this.#unplayable(kind));
    video.addEventListener("play", this.#played);
    this.#screen.replaceChildren(video);
    video.play().catch(() => {});
    video.focus({ preventScroll: true });
  }

  #unplayable(kind) {
    this.#rest();
    this.#screen.append(h("p", { class: "unplayable", role: "alert" }, `This browser does not play ${this.#film.files[kind]}; download it`));
  }

  #press(kind) {
    for (const button of this.#kinds) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
  }

  #open(seed = null) {
    studio.send("open_film", { job: this.#film.job, seed });
    location.hash = "";
  }

  #opener(words, make) {
    const button = h("button", { "aria-expanded": "false", onclick: () => this.#expand(button, make) }, words);
    this.#acts.push(button);
    return button;
  }

  /** Open what belongs to a button below the row, or close it. */
  #expand(button, make) {
    const open = button.getAttribute("aria-expanded") !== "true";
    for (const other of this.#acts) other.setAttribute("aria-expanded", String(open && other === button));
    this.#more.hidden = !open;
    this.#more.replaceChildren(...(open ? [make()] : []));
    if (open) this.#more.querySelector("input, button, a")?.focus();
  }

  #extend() {
    const { job, loop, fps } = this.#film;
    if (loop !== "none") return h("p", { class: "soft" }, "A loop has no end to go on from.");
    const seconds = h("input", { type: "number", min: 0.1, max: 100000, step: "any", value: 5, required: true, inputmode: "decimal" });
    return this.#form(h("label", {}, "Longer by ", seconds, " seconds"), () => {
      studio.send("extend_film", { job, frames: Math.max(1, Math.round(seconds.valueAsNumber * fps)) });
    });
  }

  #vary() {
    const count = h("input", { type: "number", min: 1, max: 12, step: 1, value: 3, required: true, inputmode: "numeric" });
    const seed = () => this.#open(Math.floor(Math.random() * 2 ** 31));
    const form = this.#form(h("label", {}, count, " films of other seeds"), () => {
      studio.send("vary_film", { job: this.#film.job, count: count.valueAsNumber });
    });
    form.append(h("button", { type: "button", class: "quiet", onclick: seed }, icon("dice"), "Open one in the studio"));
    return form;
  }

  #form(field, send) {
    const submit = (event) => {
      event.preventDefault();
      send();
      for (const other of this.#acts) other.setAttribute("aria-expanded", "false");
      this.#more.replaceChildren(h("p", { class: "soft", role: "status" }, "It is being checked, and then stands in the ", h("a", { href: "#renders" }, "queue"), "."));
    };
    return h("form", { onsubmit: submit }, field, h("button", { class: "primary" }, "Put into the queue"));
  }

  #download() {
    const { files, exports, job, bytes: size } = this.#film;
    const names = [...new Set([files.forward, files.reverse, files.loop, files.poster, ...exports])].filter(Boolean);
    const link = (name) => h("a", { href: `${this.#address(name)}&download`, download: `${job}-${name}` }, name, name === files.forward ? h("small", {}, bytes(size)) : null);
    return h("div", { class: "links" }, ...names.map(link));
  }
}
