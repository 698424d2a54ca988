// Cards: a grid of small pictures to pick from. The picture dreams it alone, its plus adds it.
//
// An item is {cell, picture, title, note, alone(), add(), isAlone, isIn, more}; `picture` is the
// address of one that is there without being drawn, `more` a node, and either may be left out.

import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { modelOf } from "./sources.js";
import { Atlas } from "./atlas.js";

export class Cards extends HTMLElement {
  #grid = h("div", { class: "cards" });
  #draw = h("button", { onclick: () => this.#start() }, "Draw the pictures");
  #stop = h("button", { class: "quiet", hidden: true, onclick: () => this.#atlas.stop() }, "Stop");
  #told = h("p", { class: "soft", role: "status" });
  #atlas = new Atlas((...shown) => this.#show(...shown));
  #items = [];
  #shape = "";

  connectedCallback() {
    this.append(h("div", { class: "draw" }, this.#draw, this.#stop, this.#told), this.#grid);
  }

  /** Show items; those that were there keep their place, picture and focus. */
  update(items) {
    this.#items = items;
    const shape = JSON.stringify([modelOf(), items.map(({ cell, title, note }) => [cell, title, note])]);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#grid.replaceChildren(...items.map((item, index) => this.#card(item, index)));
      this.#atlas.look(modelOf(), items.filter(({ picture }) => !picture).map(({ cell }) => cell));
    }
    items.forEach((item, index) => {
      const [picture, plus] = this.#grid.children[index].querySelectorAll("button");
      picture.setAttribute("aria-pressed", String(Boolean(item.isAlone)));
      plus.setAttribute("aria-pressed", String(Boolean(item.isIn)));
      plus.replaceChildren(icon(item.isIn ? "minus" : "plus"));
      plus.setAttribute("aria-label", item.isIn ? `Remove ${item.title}` : `Add ${item.title}`);
    });
  }

  /** Look no more while nobody sees it. */
  rest() {
    this.#atlas.rest();
    this.#shape = "";
  }

  #card({ picture, title, note, more }, index) {
    const shown = picture ? pictureAt(picture) : h("span", { class: "empty soft" }, note);
    return h(
      "div",
      { class: "card" },
      h("button", { class: "face", title: `Dream ${title} alone${note ? `: ${note}` : ""}`, onclick: () => this.#items[index].alone() }, shown, h("span", { class: "title" }, title.replaceAll("/", "/\u200b"))),
      h("button", { class: "plus round", title: "Add to what is dreamed, or remove", onclick: () => this.#items[index].add() }),
      more,
    );
  }

  #start() {
    this.#told.textContent = "Starting to draw";
    this.#atlas.draw();
  }

  #show(pictures, waiting, trouble) {
    const faces = [...this.#grid.querySelectorAll(".face")].filter((_, index) => !this.#items[index].picture);
    pictures.forEach((address, index) => {
      const face = faces[index];
      if (address && face && !face.querySelector("img")) face.querySelector(".empty").replaceWith(pictureAt(address));
    });
    const drawn = pictures.filter(Boolean).length;
    this.#draw.hidden = !this.#grid.querySelector(".empty");
    this.#draw.disabled = waiting > 0;
    this.#stop.hidden = waiting === 0;
    this.#told.classList.toggle("trouble", Boolean(trouble) && !waiting);
    this.#told.textContent = waiting ? `${waiting} to draw` : trouble ?? (drawn && drawn < pictures.length ? `${drawn} of ${pictures.length}` : "");
  }
}

function pictureAt(address) {
  return h("img", { src: address, alt: "", width: 96, height: 96, loading: "lazy" });
}

customElements.define("pick-cards", Cards);
