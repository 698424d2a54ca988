// Fields of a text, a size, a colour and a list.

import { h } from "../dom.js";
import { parse, write } from "./lists.js";

const PICKED = /^dream\.(layers|direction|classes|words|guide|mask)$|^start\.path$/; // by looking, in #pick
const SIZES = ["480x270", "640x360", "854x480", "1280x720", "1920x1080", "1080x1920", "1080x1080"];

/** Make the field of a text; what is empty is not set where that is the default. */
export function textField(control, label, { set }) {
  const nothing = control.default === null ? null : "";
  const input = h("input", {
    autocomplete: "off", spellcheck: "false", "aria-label": label, list: control.kind === "size" ? "sizes" : null,
    placeholder: control.default === null ? "not set" : "", onchange: () => set(input.value.trim() || nothing),
  });
  const sizes = control.kind === "size" ? h("datalist", { id: "sizes" }, ...SIZES.map((value) => h("option", { value }))) : null;
  return field([input, sizes, picker(control)], input, (value) => (value == null ? "" : typeof value === "string" ? value : JSON.stringify(value)));
}

/** Make the field of a colour: the system's chooser, and a box that takes names too. */
export function colourField(control, label, { set }) {
  const chooser = h("input", { type: "color", "aria-label": label, oninput: () => set(chooser.value) });
  const input = h("input", { class: "box", spellcheck: "false", autocomplete: "off", "aria-label": `${label}, by name or #rrggbb`, onchange: () => set(input.value.trim()) });
  const text = field([chooser, input], input, (value) => value ?? "");
  return {
    ...text,
    inputs: [chooser, input],
    show(value) {
      if (/^#[0-9a-f]{6}$/i.test(value)) chooser.value = value;
      text.show(value);
    },
  };
}

/** Make the field of a list: names between commas, or JSON for what has weights and more. */
export function listField(control, label, { set }) {
  const nothing = control.default === null ? null : [];
  const input = h("textarea", {
    rows: 1, spellcheck: "false", autocomplete: "off", "aria-label": `${label}, a list`, placeholder: "none",
    onchange: () => set(input.value.trim() ? parse(input.value.trim()) : nothing),
    onkeydown: (event) => event.key === "Enter" && !event.shiftKey && (event.preventDefault(), input.blur()),
  });
  return field([input, picker(control)], input, write);
}

function field(nodes, input, words) {
  let shown = "";
  let typed = false; // and not yet taken
  input.addEventListener("input", () => (typed = true));
  for (const end of ["change", "blur"]) input.addEventListener(end, () => (typed = false));
  return {
    nodes: nodes.filter(Boolean),
    inputs: [input],
    show(value) {
      shown = words(value);
      if (!typed && !input.matches("[aria-invalid=true]")) input.value = shown;
    },
    restore() {
      typed = false;
      input.value = shown;
    },
  };
}

function picker({ key, title }) {
  return PICKED.test(key) ? h("a", { class: "button quiet pick", href: "#pick", "aria-label": `Pick ${title} by looking` }, "Pick") : null;
}
