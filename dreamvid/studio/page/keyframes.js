// Keyframes: the commands that change them. Times given in seconds may lie between two frames.

import { studio } from "./studio.js";

/** Add or change a keyframe. */
export function setKey(key, { frame, value, ease }) {
  studio.send("set_keyframe", { key, frame: Math.round(frame), value, ease });
}

export function moveKey(key, frame, to) {
  studio.send("move_keyframe", { key, frame: Math.round(frame), to });
}

export function deleteKey(key, frame) {
  studio.send("delete_keyframe", { key, frame: Math.round(frame) });
}
