// Values of settings that change over the film, from the samples of their lanes.

import { valueAt as laneValueAt } from "./lanecurve.js";
import { studio } from "./studio.js";

/** Find the lane of a setting; undefined where it is constant. */
export function laneOf(key) {
  return studio.state?.lanes.find((lane) => lane.key === key);
}

/** Find the value of a setting at a frame, by default the one shown: its lane's, or its own. */
export function valueAt(key, frame = studio.status?.frame ?? 0) {
  const lane = laneOf(key);
  return lane?.samples.length ? laneValueAt(lane, frame, studio.state.frames) : settingOf(key);
}

/** Read a setting from the state; "motion.centre[0]" is an item of "motion.centre". */
export function settingOf(key) {
  const [, list, index] = key.match(/^(.*)\[(\d+)\]$/) ?? [];
  return list ? studio.state?.values[list]?.[index] : studio.state?.values[key];
}
