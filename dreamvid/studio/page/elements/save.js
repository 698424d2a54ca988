// <dream-save>: dialog that saves the preset under a name; replaces another only when told to.

import { fetchJson, h } from "../dom.js";
import { studio } from "../studio.js";

export class Save extends HTMLElement {
  #field = h("input", { name: "name", required: true, maxlength: 80, autocomplete: "off", spellcheck: "false", oninput: () => this.#look() });
  #note = h("p", { class: "soft", role: "status" });
  #button = h("button", { class: "primary" }, "Save");
  #dialog = h(
    "dialog",
    { "aria-labelledby": "save-title" },
    h(
      "form",
      { onsubmit: (event) => this.#send(event) },
      h("h2", { id: "save-title" }, "Save the preset"),
      h("label", {}, h("span", {}, "Name"), this.#field),
      this.#note,
      h("p", { class: "row" }, h("button", { type: "button", class: "quiet", onclick: () => this.#dialog.close() }, "Cancel"), this.#button),
    ),
  );
  #names = new Set(); // of saved presets
  #sent = false;

  connectedCallback() {
    this.append(this.#dialog);
    this.#dialog.addEventListener("close", () => (this.#sent = false));
    studio.addEventListener("state", () => this.#sent && studio.state.saved && this.#dialog.close());
    document.addEventListener("refusal", (event) => this.#refuse(event), true);
  }

  async open() {
    if (this.#dialog.open || !studio.state) return;
    this.#dialog.showModal();
    this.#propose(studio.state.name);
    try {
      const { saved, shipped } = await fetchJson("api/presets");
      this.#names = new Set(saved.map(({ name }) => name));
      const name = freeName(this.#field.value, shipped.map((one) => one.name), this.#names);
      if (name === this.#field.value) this.#look();
      else if (this.#field.value === studio.state.name) this.#propose(name);
    } catch (error) {
      this.#tell(error.message, true);
    }
  }

  #propose(name) {
    this.#field.value = name;
    this.#field.select();
    this.#look();
  }

  #look() {
    const name = this.#field.value.trim();
    const exists = this.#names.has(name);
    this.#button.textContent = exists ? "Replace" : "Save";
    this.#tell(exists ? `There is a preset ${name} already: it is replaced.` : "Saved in the studio's folder; dreamvid renders it by its file.", false);
  }

  #send(event) {
    event.preventDefault();
    const name = this.#field.value.trim();
    this.#sent = true;
    studio.send("save", { name, overwrite: this.#names.has(name) });
  }

  #refuse(event) {
    if (!this.#sent) return;
    event.preventDefault();
    this.#sent = false;
    this.#tell(event.detail.message, true);
    this.#field.focus();
  }

  #tell(words, bad) {
    this.#note.textContent = words;
    this.#note.className = bad ? "trouble" : "soft";
    this.#field.setAttribute("aria-invalid", String(bad));
  }
}

/** Find a name beside those that come with dreamvid: "quickstart-2". */
function freeName(name, shipped, saved) {
  if (!shipped.includes(name)) return name;
  let number = 2;
  while (saved.has(`${name}-${number}`) || shipped.includes(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

customElements.define("dream-save", Save);
