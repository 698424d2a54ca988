// Uses of an uploaded file: as the start, a guide, the mask or the sound.

import { studio } from "../../studio.js";
import { entriesOf, putEntries, send } from "./sources.js";

const SECONDS = 10; // of a film that was as long as its clip
const CLIP = /\.(mp4|mov|mkv|webm|avi|m4v|mpg|mpeg|mts|gif)$/i;

/** Begin the film with a generated picture. */
export function chooseScene(kind) {
  send({ ...growing(), "start.kind": kind });
}

/** Begin the film with a picture, or dream on a clip. */
export function useAsStart(path) {
  if (CLIP.test(path)) send({ ...onFootage(), "start.path": path });
  else send({ ...growing(), ...(isFootage() ? { "start.kind": "noise" } : {}), "start.path": path }); // or the kind stays
}

const isFootage = () => studio.state.values["start.kind"] === "video";

/** Settings that let go of what is for films that grow: footage moves by itself. */
function onFootage() {
  const { values } = studio.state;
  return isFootage() ? {} : { motion: {}, loop: {}, ...(values["flow.frames"] ? { flow: {} } : {}) };
}

/** Settings that let go of what is for footage, and give a length to a film that had its clip's. */
function growing() {
  if (!isFootage()) return {};
  const { values } = studio.state;
  const long = values["video.frames"] ?? values["video.seconds"];
  return { flow: {}, ...(values["dream.mask"]?.motion ? { "dream.mask": "none" } : {}), ...(long == null ? { "video.seconds": SECONDS } : {}) };
}

/** Add a guide to those that there are. */
export function useAsGuide(path) {
  putEntries("guide", [...entriesOf("guide"), { path }]);
}

export function useAsMask(path) {
  send({ "dream.mask": { path } });
}

export function useAsSound(path) {
  send({ "sound.path": path });
}
