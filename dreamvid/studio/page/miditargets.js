// What a knob or pad can move: a setting of the preset, or a button of the page.

import { valueAt } from "./lanes.js";
import { roundTo, stepOf } from "./lanecurve.js";
import { controlOf, titleOf } from "./names.js";
import { studio } from "./studio.js";

const HELD = 600; // milliseconds that an endless knob goes on from its own value
const TURN = 100; // steps of an endless knob from one end of the slider to the other

const last = new Map(); // key -> {value, at} that was sent

/** Find the target at an element: {key} or {action}, both with a title. */
export function targetAt(element) {
  const place = element.closest?.("[data-key], [data-action]");
  const { key, action } = place?.dataset ?? {};
  if (action) return { action, title: place.getAttribute("aria-label") ?? place.textContent.trim() };
  if (!key) return null;
  return { key, title: titleOf(key) };
}

/** Say why a target cannot follow a kind of message; "" where it can. */
export function unfit({ key, title }, kind) {
  if (!key) return "";
  const control = controlOf(key);
  if (!control || !["number", "bool", "choice"].includes(control.kind)) return `${title} is no slider, switch or choice.`;
  if (control.items && !key.endsWith("]")) return `${title} has several numbers; choose one of them.`;
  if (kind === "note" && control.kind !== "bool") return `Pads and keys are for switches and buttons; move a knob for ${title}.`;
  return "";
}

/** Put a setting at a share of its slider, 0 to 1. */
export function setShare(key, share) {
  const control = controlOf(key);
  if (!control) return;
  if (control.kind === "bool") send(key, share >= 0.5);
  else if (control.kind === "choice") send(key, control.choices[Math.round(share * (control.choices.length - 1))]);
  else send(key, rounded(control, control.low + share * (control.high - control.low)));
}

/** Move a setting by steps of an endless knob. */
export function turn(key, steps) {
  const control = controlOf(key);
  if (!control || control.kind !== "number") return setShare(key, steps > 0 ? 1 : 0);
  const sent = last.get(key);
  const from = sent && performance.now() - sent.at < HELD ? sent.exact : valueAt(key);
  if (typeof from !== "number") return;
  const exact = from + (steps * (control.high - control.low)) / TURN;
  const inside = Math.max(control.least ?? control.low, Math.min(exact, control.most ?? control.high));
  send(key, rounded(control, inside), inside);
}

/** A pad was struck: switch a setting over, or press a button. */
export function strike({ key, action }) {
  if (action) document.querySelector(`[data-action="${CSS.escape(action)}"]`)?.click();
  else send(key, !studio.state?.values[key]);
}

function rounded({ whole, low, high }, value) {
  return whole ? Math.round(value) : roundTo(value, stepOf([low, high]) / 10);
}

function send(key, value, exact = value) {
  last.set(key, { value, exact, at: performance.now() });
  studio.set(key, value);
}
