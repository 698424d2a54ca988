// Sources: what is dreamed, as lists of entries with weights, and the changes of them.
//
// An entry is a table as in a preset's file, without what is the default: {name: "city"}.
// Layers and directions replace each other; labels, words and guides are added to them.

import { studio } from "../../studio.js";

/** Kinds of sources: the setting's key, the name of an entry's name, and the word for people. */
export const KINDS = {
  direction: { key: "dream.direction", field: "name", word: "direction", words: "directions" },
  layers: { key: "dream.layers", field: "name", word: "layer", words: "layers" },
  classes: { key: "dream.classes", field: "label", word: "label", words: "labels" },
  words: { key: "dream.words", field: "text", word: "word", words: "words" },
  guide: { key: "dream.guide", field: "path", word: "guide", words: "guides" },
};

const DEFAULTS = { weight: 1, size: 96, count: 10, place: "[0.5,0.5]" };
const GUIDED = ["guide", "guide-mean", "style"];

/** List the entries of a kind. */
export function entriesOf(kind) {
  const { key, field } = KINDS[kind];
  const value = studio.state?.values[key] ?? [];
  return (Array.isArray(value) ? value : [value]).map((one) => plain(typeof one === "string" ? { [field]: one } : one));
}

/** Name the model of the preset. */
export const modelOf = () => studio.state?.values.model ?? "";

/** Set the entries of a kind, beside what else is dreamed. */
export function putEntries(kind, entries) {
  const { key } = KINDS[kind];
  const values = kind === "guide" && entries.length ? guiding() : {};
  send({ ...values, [key]: entries });
}

/** Find the index of the entry of a name; -1 where there is none. */
export function indexOf(kind, name) {
  return entriesOf(kind).findIndex((one) => one[KINDS[kind].field] === name);
}

/** Add an entry, or remove the one of its name. */
export function toggle(kind, name) {
  const entries = entriesOf(kind);
  const at = indexOf(kind, name);
  putEntries(kind, at < 0 ? [...entries, { [KINDS[kind].field]: name }] : entries.filter((_, index) => index !== at));
}

/** Dream this alone: the other kinds are emptied, but for guides, which need layers. */
export function alone(kind, entry) {
  const values = { [KINDS[kind].key]: [entry] };
  if (kind !== "guide" && entriesOf("guide").length) values["dream.guide"] = [];
  for (const other of Object.keys(KINDS)) {
    const replaced = kind === "layers" ? other === "direction" : kind === "direction" && other === "layers"; // by the server
    if (other !== kind && other !== "guide" && !replaced && entriesOf(other).length) values[KINDS[other].key] = [];
  }
  send(values);
}

/** Test for an entry that is dreamed alone. */
export function isAlone(kind, test) {
  const all = Object.keys(KINDS).flatMap((one) => entriesOf(one).map((entry) => [one, entry]));
  return all.length === 1 && all[0][0] === kind && test(all[0][1]);
}

/** Add a channel of a layer to what is dreamed, or remove it. */
export function toggleChannel(layer, channel) {
  const entries = entriesOf("layers");
  const at = indexOf("layers", layer);
  if (at < 0) return putEntries("layers", [...entries, { name: layer, objective: "channel", channels: [channel] }]);
  const entry = entries[at];
  const had = entry.channels ?? [];
  const channels = had.includes(channel) ? had.filter((one) => one !== channel) : [...had, channel];
  const { channel_weights: _dropped, ...rest } = entry; // one for each channel that there was
  const changed = { ...rest, objective: "channel", channels };
  putEntries("layers", channels.length ? entries.with(at, changed) : entries.filter((_, index) => index !== at));
}

/** Send settings as one change. */
export function send(values) {
  const layers = values["dream.layers"];
  if (layers && layers.length < 2 && studio.state.values["dream.tour"]) values = { "dream.tour": 0, ...values }; // needs two
  const pairs = Object.entries(values);
  if (pairs.length === 1) studio.send("set", { key: pairs[0][0], value: pairs[0][1] });
  else studio.send("set_all", { values });
}

/** Settings that let guides act: an objective, and layers that have none of their own. */
function guiding() {
  const values = {};
  if (!GUIDED.includes(studio.state.values["dream.objective"])) values["dream.objective"] = "guide";
  const layers = entriesOf("layers");
  if (layers.length && layers.every((one) => one.objective && !GUIDED.includes(one.objective))) values["dream.layers"] = [];
  return values;
}

function plain(entry) {
  const differs = ([name, value]) =>
    value !== null && !(Array.isArray(value) && !value.length) && (typeof value === "object" && name === "place" ? JSON.stringify(value) : value) !== DEFAULTS[name];
  return Object.fromEntries(Object.entries(entry).filter(differs));
}
