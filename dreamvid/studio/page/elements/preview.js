// <dream-preview>: menu of the preview's size.

import { h } from "../dom.js";
import { studio } from "../studio.js";

const WIDTHS = [128, 192, 256, 320, 384, 512, 640, 960, 1280];

export class Preview extends HTMLElement {
  #width = h("select", { "aria-label": "Width of the preview", onchange: () => this.#send() });
  #draft = h("button", { class: "quiet", title: "Half the gradient steps: faster, but not the film's picture", onclick: () => this.#send(!this.#on) }, "Draft");
  #shown = "";
  #on = false;

  connectedCallback() {
    this.#width.append(h("option", { value: "auto" }, "Auto"));
    this.append(this.#width, this.#draft);
    studio.addEventListener("state", () => this.#show());
    this.#show();
  }

  #send(draft = this.#on) {
    const width = this.#width.value === "auto" ? null : Number(this.#width.value);
    studio.send("set_preview", { width, draft });
  }

  #show() {
    const preview = studio.state?.preview;
    const shown = JSON.stringify(preview);
    if (!preview || shown === this.#shown) return;
    this.#shown = shown;
    this.#on = preview.draft;
    this.#draft.setAttribute("aria-pressed", String(preview.draft));
    const widths = [...new Set([...WIDTHS, preview.width])].sort((a, b) => a - b);
    const auto = preview.auto ? `Auto: ${preview.width} × ${preview.height}` : "Auto";
    this.#width.replaceChildren(
      h("option", { value: "auto" }, auto),
      ...widths.map((width) => {
        const height = Math.round((width * preview.height) / preview.width / 2) * 2;
        return h("option", { value: width }, `${width} × ${height}`);
      }),
    );
    this.#width.value = preview.auto ? "auto" : String(preview.width);
  }
}

customElements.define("dream-preview", Preview);
