// Field of a number: slider, and a box that takes exact numbers and expressions.

import { h } from "../dom.js";
import { decimalsOf, exact, read, rounded, stepOf } from "./numbers.js";

const ECHO = 400; // milliseconds after a move in which the server's older values are not shown

/** Make the field; `set(value)` is called for each change, `reset()` on a double click. */
export function numberField(control, label, { set, reset }) {
  const step = stepOf(control);
  let shown = null; // value, and whether it changes over time
  let latest = null; // the same, of the server
  let moved = 0;
  let timer = 0;
  let typed = false; // and not yet taken
  const slider = h("input", {
    type: "range", min: control.low, max: control.high, step, "aria-label": label, title: "",
    oninput: () => change(Number(Number(slider.value).toFixed(decimalsOf(step)))),
    ondblclick: reset,
  });
  const box = h("input", {
    class: "box", inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-label": `${label}, exactly`,
    oninput: () => (typed = true),
    onchange: () => commit(box.value),
    onkeydown: press,
    onblur: () => box.matches("[aria-invalid=true]") || write(),
    onfocus: () => box.select(),
  });

  function change(value) {
    moved = performance.now();
    shown = { value, moving: false };
    write(true);
    set(value);
  }

  function commit(text) {
    typed = false;
    if (text.trim() === "") return write(true);
    const number = read(text);
    if (Number.isNaN(number)) set(text.trim());
    else change(number);
  }

  function press(event) {
    const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    const from = read(box.value);
    if (!steps || Number.isNaN(from)) return;
    event.preventDefault();
    const by = step * steps * (event.shiftKey ? 10 : 1);
    const value = Number((from + by).toFixed(Math.max(decimalsOf(step), 3)));
    change(Math.min(control.most ?? Infinity, Math.max(control.least ?? -Infinity, value)));
  }

  function write(always) {
    if (!shown) return;
    const { value, moving } = shown;
    const number = typeof value === "number";
    if (always || (!typed && !(moving && document.activeElement === box) && !box.matches("[aria-invalid=true]"))) {
      box.value = !number ? "" : moving ? rounded(value, step) : exact(value);
    }
    if (!number) return;
    slider.value = value;
    const share = (Math.min(control.high, Math.max(control.low, value)) - control.low) / (control.high - control.low);
    slider.style.setProperty("--share", `${100 * share}%`);
    slider.setAttribute("aria-valuetext", box.value + (control.unit ? ` ${control.unit}` : ""));
  }

  function settle() {
    clearTimeout(timer);
    const left = moved + ECHO - performance.now();
    if (left > 0) timer = setTimeout(settle, left);
    else write(false, (shown = latest));
  }

  return {
    nodes: [slider, h("span", { class: "exact" }, box, control.unit ? h("span", { class: "unit" }, control.unit) : null)],
    inputs: [slider, box],
    show(value, moving) {
      latest = { value, moving };
      settle();
    },
    restore() {
      typed = false;
      if (latest) write(true, (shown = latest));
    },
  };
}
