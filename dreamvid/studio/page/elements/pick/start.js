// <pick-start>: what the film begins with: a generated scene, a picture, or a clip; and the seed.

import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { studio } from "../../studio.js";
import { addressOf, nameOf } from "../../upload.js";
import { FileButton } from "./filebutton.js";
import { chooseScene, useAsStart } from "./use.js";

const KINDS = ["noise", "sky", "dawn", "golden", "dusk", "night", "sea", "forest"];
const SEEDS = 100_000;

export class Start extends HTMLElement {
  #now = h("p", { class: "soft" });
  #picture = h("img", { class: "current", alt: "", hidden: true });
  #kinds = KINDS.map((kind) =>
    h("button", { class: "face", "data-kind": kind, onclick: () => chooseScene(kind) }, h("img", { src: `starts/${kind}.jpg`, alt: "", width: 160, height: 90 }), h("span", { class: "title" }, kind)),
  );
  #seed = h("input", { inputmode: "numeric", "aria-label": "Seed", autocomplete: "off", onchange: () => this.#sow(Number(this.#seed.value.trim())) });

  connectedCallback() {
    const dice = h("button", { class: "round", "aria-label": "Another seed", title: "Another seed", onclick: () => this.#sow(Math.floor(Math.random() * SEEDS)) }, icon("dice"));
    this.append(
      h("p", { class: "soft" }, "With another start the preview begins again."),
      h("div", { class: "cards starts" }, ...this.#kinds.map((one) => h("div", { class: "card" }, one))),
      FileButton.of("A picture or a clip of yours", { kind: "start", accept: "image/*,video/*", use: useAsStart }),
      this.#picture,
      this.#now,
      h("div", { class: "seed" }, h("span", {}, "Seed"), this.#seed, dice),
    );
  }

  update() {
    const { values } = studio.state;
    const { "start.kind": kind, "start.path": path, seed } = values;
    for (const one of this.#kinds) one.setAttribute("aria-pressed", String(one.dataset.kind === kind));
    const address = addressOf(path);
    this.#picture.hidden = !address;
    if (address && this.#picture.getAttribute("src") !== address) this.#picture.src = address;
    this.#now.hidden = !path;
    this.#now.textContent = path ? `${kind === "video" ? "Dreamed on the clip" : "Begins with"} ${nameOf(path)}` : "";
    if (document.activeElement !== this.#seed) this.#seed.value = seed;
  }

  #sow(seed) {
    studio.send("set", { key: "seed", value: seed });
  }
}

customElements.define("pick-start", Start);
