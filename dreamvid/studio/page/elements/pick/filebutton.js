// <pick-file>: a button that takes a file, by the system's chooser or dropped on it, and sends it.

import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { upload } from "../../upload.js";

export class FileButton extends HTMLElement {
  #input = h("input", { type: "file", class: "unseen", tabindex: "-1", "aria-hidden": "true", onchange: () => this.#take(this.#input.files) });
  #button = h("button", { class: "wide", onclick: () => this.#input.click() });
  #told = h("p", { class: "soft", role: "status", hidden: true });
  #uses = null;

  /** Make one: `use(path)` is called with each file's path in the studio's folder. */
  static of(words, { kind, accept, use, multiple = false }) {
    const button = h("pick-file");
    button.#uses = { kind, use };
    button.#input.accept = accept;
    button.#input.multiple = multiple;
    button.#button.append(icon("plus"), words);
    return button;
  }

  connectedCallback() {
    this.append(this.#input, this.#button, this.#told);
    this.addEventListener("dragover", (event) => this.#over(event, true));
    this.addEventListener("dragleave", (event) => this.#over(event, false));
    this.addEventListener("drop", (event) => {
      this.#over(event, false);
      event.stopPropagation();
      dispatchEvent(new Event("dropped")); // the page's own chooser is not needed
      this.#take(event.dataTransfer.files);
    });
  }

  #over(event, on) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.classList.toggle("over", on);
  }

  async #take(files) {
    const { kind, use } = this.#uses;
    for (const file of [...files]) {
      try {
        const { path } = await upload(file, kind, (share) => this.#tell(`${file.name}: ${Math.round(100 * share)} %`));
        use(path);
        this.#tell("");
      } catch (error) {
        this.#tell(error.message, true);
      }
    }
    this.#input.value = "";
  }

  #tell(words, trouble = false) {
    this.#told.textContent = words;
    this.#told.hidden = !words;
    this.#told.classList.toggle("trouble", trouble);
  }
}

customElements.define("pick-file", FileButton);
