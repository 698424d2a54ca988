// Uses of an uploaded file: as the start, a guide, the mask or the sound.

import { studio } from "../../studio.js";
import { entriesOf, putEntries, send } from "./sources.js";

const CLIP = /\.(mp4|mov|mkv|webm|avi|m4v|mpg|mpeg|mts|gif)$/i;

/** Begin the film with a picture, or dream on a clip. */
export function useAsStart(path) {
  const before = studio.state.values["start.kind"];
  // A picture after a clip: the kind is kept unless it is let go of first.
  if (before === "video" && !CLIP.test(path)) send({ "start.kind": "noise", "start.path": path });
  else send({ "start.path": path });
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
