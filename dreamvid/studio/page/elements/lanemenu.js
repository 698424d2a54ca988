// Menu of a lane: fewer keyframes, an expression instead, or a constant again.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";

const THINNED = "Fewer keyframes, with straight lines between, near the recorded ones. The film must then be seen again.";

/** Make the button and menu of a lane. */
export function laneMenu(lane) {
  const key = () => lane.lane.key;
  const item = (text, title, act) => h("button", { class: "quiet", role: "menuitem", title, onclick: () => (close(), act()) }, text);
  const thin = item("Thin keyframes", THINNED, () => studio.send("thin_keyframes", { key: key() }));
  const write = item("Write an expression", "A formula of the time t instead of keyframes", () => lane.showText(true, true));
  const fix = item("Make constant", "Keep the value at the playhead for the whole film", () => studio.send("fix_setting", { key: key() }));
  const list = h("div", { class: "menu", role: "menu", popover: "auto" }, thin, write, fix);
  const button = h("button", { class: "quiet round", "aria-haspopup": "menu" }, icon("more"));
  const close = () => {
    list.hidePopover();
    button.focus();
  };
  button.addEventListener("click", () => {
    thin.hidden = !lane.lane.keyframes;
    write.textContent = lane.lane.keyframes ? "Write an expression" : "Edit the expression";
    list.showPopover();
    place(list, button);
    list.querySelector("button:not([hidden])").focus();
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const items = [...list.querySelectorAll("button:not([hidden])")];
    items.at((items.indexOf(document.activeElement) + by) % items.length).focus();
  });
  return h("span", { class: "menu-of" }, button, list);
}

/** Put a popover beside its button, within the window. */
function place(list, button) {
  const box = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  list.style.top = `${box.bottom + height + 8 < innerHeight ? box.bottom + 4 : box.top - height - 4}px`;
}
