// <dream-drop>: files dropped anywhere on the page, and what to do with them.

import { h } from "../dom.js";
import { upload } from "../upload.js";
import { useAsGuide, useAsMask, useAsSound, useAsStart } from "./pick/use.js";

const PICTURE = /\.(jpe?g|png|webp|avif|tiff?|bmp|jxl|heic|exr)$/i;
const CLIP = /\.(mp4|mov|mkv|webm|avi|m4v|mpg|mpeg|mts|gif)$/i;
const SOUND = /\.(wav|mp3|flac|ogg|opus|m4a|aac|aiff?)$/i;
const RENDERED = /\.(mp4|mov|mkv|webm|gif|webp|avif|a?png|json|toml|txt)$/i; // may hold the settings it was made with

const START = { words: "Begin with it", note: "The film grows from this picture.", kind: "start", use: useAsStart, many: false };
const USES = {
  picture: [
    START,
    { words: "Use as a guide", note: "Its shapes and colours are dreamed.", kind: "guide", use: useAsGuide, many: true },
    { words: "Use as the mask", note: "Dreamed where it is light.", kind: "mask", use: useAsMask, many: false },
  ],
  clip: [{ ...START, words: "Dream on it", note: "The clip is the footage." }],
  sound: [{ words: "Use as the sound", note: "The film has it, and may follow it.", kind: "sound", use: useAsSound, many: false }],
  film: [{ words: "Open its settings", note: "If it was made with dreamvid, its preset is back.", kind: "film", use: () => {}, many: false }],
};

export class Drop extends HTMLElement {
  #hint = h("div", { class: "hint", hidden: true, "aria-hidden": "true" }, h("p", {}, "Drop pictures, a clip, a sound or a film"));
  #dialog = h("dialog", { "aria-labelledby": "drop-title", onclose: () => (this.#files = []) });
  #files = [];
  #depth = 0; // elements that the files are above

  connectedCallback() {
    this.append(this.#hint, this.#dialog);
    addEventListener("dragenter", (event) => this.#over(event, 1));
    addEventListener("dragleave", (event) => this.#over(event, -1));
    addEventListener("dragover", (event) => carries(event) && event.preventDefault());
    addEventListener("dropped", () => this.#forget());
    addEventListener("drop", (event) => this.#take(event));
  }

  #over(event, change) {
    if (!carries(event)) return;
    event.preventDefault();
    this.#depth = Math.max(0, this.#depth + change);
    this.#hint.hidden = !this.#depth;
  }

  #forget() {
    this.#depth = 0;
    this.#hint.hidden = true;
  }

  #take(event) {
    if (!carries(event)) return;
    event.preventDefault();
    this.#forget();
    this.#files = [...event.dataTransfer.files];
    if (this.#files.length) this.#ask();
  }

  #ask() {
    const files = this.#files;
    const { uses, unknown } = usesOf(files);
    const title = h("h2", { id: "drop-title" }, files.length === 1 ? files[0].name : `${files.length} files`);
    const buttons = uses.map((use) => h("button", { class: "use", onclick: () => this.#use(use) }, h("strong", {}, use.words), h("span", { class: "soft" }, use.note)));
    const words = unknown ? h("p", { class: "trouble" }, `${unknown}: no picture, clip, sound or film that is known here`) : null;
    this.#fill(title, words, ...buttons, h("button", { class: "quiet", onclick: () => this.#dialog.close() }, "Cancel"));
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  async #use({ kind, use, many }) {
    const files = many ? this.#files : this.#files.slice(0, 1);
    const told = h("p", { role: "status" });
    const bar = h("progress", { max: 1, value: 0, "aria-label": "Sent" });
    this.#fill(told, bar);
    for (const file of files) {
      told.textContent = `Sending ${file.name}`;
      try {
        const answer = await upload(file, kind, (share) => {
          if (share < 1) bar.value = share;
          else bar.removeAttribute("value"); // sent; it is being looked at
        });
        use(answer.path);
      } catch (error) {
        this.#fill(h("p", { class: "trouble", role: "alert" }, error.message), h("button", { onclick: () => this.#dialog.close() }, "Close"));
        return;
      }
    }
    this.#dialog.close();
  }

  #fill(...nodes) {
    this.#dialog.replaceChildren(...nodes.filter(Boolean));
  }
}

/** List what can be done with all of these files, and the name of one that is nothing. */
function usesOf(files) {
  const kindsOf = ({ name, type }) =>
    [
      [PICTURE.test(name) || (type.startsWith("image/") && type !== "image/gif"), "picture"],
      [CLIP.test(name) || type.startsWith("video/"), "clip"],
      [SOUND.test(name) || type.startsWith("audio/"), "sound"],
      [RENDERED.test(name), "film"],
    ].flatMap(([is, kind]) => (is ? [kind] : []));
  const kinds = files.map(kindsOf);
  const unknown = files.find((_, index) => !kinds[index].length)?.name;
  const common = Object.keys(USES).filter((kind) => kinds.every((one) => one.includes(kind)));
  const uses = common.flatMap((kind) => USES[kind]).filter(({ many }) => many || files.length === 1);
  return { uses, unknown: unknown ?? (uses.length ? null : "These together") };
}

function carries({ dataTransfer }) {
  return dataTransfer?.types.includes("Files");
}

customElements.define("dream-drop", Drop);
