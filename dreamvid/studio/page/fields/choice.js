// Fields of a choice, a switch, and of a switch that may be left to the program.

import { h } from "../dom.js";

const SEGMENTS = 4;
const LETTERS = 24; // of all choices, to fit on one line

/** Make the field of a choice: buttons where they are few and short, otherwise a menu. */
export function choiceField(control, label, { set }) {
  const { choices, key } = control;
  if (key === "model" || choices.length > SEGMENTS || choices.join("").length > LETTERS) {
    const menu = h("select", { "aria-label": label, onchange: () => set(menu.value) }, ...choices.map((one) => h("option", { value: one }, one)));
    const show = (value) => {
      if (!choices.includes(value)) menu.append(h("option", { value }, value)); // such as a model that is not here
      menu.value = value;
    };
    return { nodes: [menu], inputs: [menu], show };
  }
  const radios = choices.map((value) => h("input", { type: "radio", name: `choice ${key}`, value, onchange: () => set(value) }));
  const segments = radios.map((radio) => h("label", {}, radio, h("span", {}, radio.value)));
  const show = (value) => radios.forEach((radio) => (radio.checked = radio.value === value));
  return { nodes: [h("span", { class: "segments", role: "radiogroup", "aria-label": label }, ...segments)], inputs: radios, show };
}

/** Make the field of a bool. */
export function boolField(control, label, { set }) {
  if (control.default === null) {
    const names = { null: "auto", true: "on", false: "off" };
    const menu = h("select", { "aria-label": label, onchange: () => set(JSON.parse(menu.value)) }, ...Object.entries(names).map(([value, name]) => h("option", { value }, name)));
    return { nodes: [menu], inputs: [menu], show: (value) => (menu.value = String(value)) };
  }
  const input = h("input", { type: "checkbox", role: "switch", "aria-label": label, onchange: () => set(input.checked) });
  return { nodes: [input], inputs: [input], show: (value) => (input.checked = value) };
}
