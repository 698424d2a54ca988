// Field to give a setting a lane: any that can change over the film.

import { h } from "../dom.js";
import { laneOf, settingOf } from "../lanes.js";
import { controlOf, schedulable, titleOf } from "../names.js";
import { studio } from "../studio.js";
import { setKey } from "../keyframes.js";

/** Make the timeline's field "add a lane". */
export function laneAdder(timeline) {
  const list = h("datalist", { id: "lanes-to-add" });
  const field = h("input", {
    class: "add-lane",
    list: "lanes-to-add",
    placeholder: "Add a lane …",
    "aria-label": "Add a lane for a setting",
    autocomplete: "off",
    spellcheck: "false",
  });
  const fill = () => {
    const there = new Set(studio.state?.lanes.map(({ key }) => key));
    const left = schedulable().filter((key) => !there.has(key));
    list.replaceChildren(...left.map((key) => h("option", { value: key }, titleOf(key))));
  };
  field.addEventListener("focus", fill);
  field.addEventListener("change", () => {
    const wanted = field.value.trim().toLowerCase();
    const key = schedulable().find((key) => key === wanted || titleOf(key).toLowerCase() === wanted);
    field.setCustomValidity(key || !field.value ? "" : "no such setting");
    field.reportValidity();
    if (!key) return;
    field.value = "";
    addLane(timeline, key);
  });
  return h("span", { class: "adder" }, field, list);
}

function addLane(timeline, key) {
  if (laneOf(key)) return timeline.goToLane(key);
  const { low, default: usual } = controlOf(key);
  const value = settingOf(key) ?? usual ?? low;
  const frame = timeline.playhead;
  setKey(key, { frame, value, ease: "smooth" });
  timeline.select({ key, frame });
}
