// Titles of settings, and which of them can change over the film, from the list of controls.

import { fetchJson } from "./dom.js";

const controls = new Map(); // by key
let loading = null;

/** Load the groups of controls, once; raises Error with the server's words. */
export function loadControls() {
  loading ??= fetchJson("api/controls").then(
    ({ groups }) => {
      for (const control of groups.flatMap((group) => group.controls)) controls.set(control.key, control);
      return groups;
    },
    (error) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** Find the control of a setting, or of the list that it is an item of. */
export function controlOf(key) {
  return controls.get(key) ?? controls.get(key.replace(/\[\d+\]$/, ""));
}

/** Name a setting for people: "zoom", "centre x", "like 2 weight". */
export function titleOf(key) {
  const [, list, place, rest] = key.match(/^(.*?)\[(\d+)\](?:\.(.+))?$/) ?? [];
  const name = list ?? key;
  const title = controlOf(name)?.title ?? name.split(".").at(-1).replaceAll("_", " ");
  if (rest) return `${title} ${Number(place) + 1} ${rest.replaceAll("_", " ")}`;
  return place === undefined ? title : `${title} ${"xyz"[place] ?? place}`;
}

/** Keys of all settings that can have a lane. */
export function schedulable() {
  const keys = [];
  for (const control of controls.values()) {
    if (!control.scheduled) continue;
    if (control.items) for (let index = 0; index < control.items; index++) keys.push(`${control.key}[${index}]`);
    else keys.push(control.key);
  }
  return keys;
}
