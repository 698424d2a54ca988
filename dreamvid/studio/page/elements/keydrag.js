// Dragging a keyframe: along the film, or up and down for its value; with Shift both at once.

import { moveKey, setKey } from "../keyframes.js";
import { isNumber, roundTo, rangeOf, stepOf } from "../lanecurve.js";
import { heightOf } from "./lanepaint.js";

const SLACK = 4; // pixels before a press becomes a drag

/** Select a lane's keyframe and follow the pointer that pressed it until it is let go. */
export function dragKeyframe(lane, frame, press) {
  const { keyframes, key } = lane.lane;
  const at = keyframes.findIndex((other) => other.frame === frame);
  const held = keyframes[at];
  if (!held || !press.isPrimary) return;
  const least = Math.floor((keyframes[at - 1]?.frame ?? -1) + 1);
  const most = Math.ceil((keyframes[at + 1]?.frame ?? lane.view.frames) - 1);
  const [height, step] = [heightOf(lane), stepOf(rangeOf(lane.lane))];
  const range = lane.range;
  let axis = null; // "frame" or "value"
  press.preventDefault();
  lane.track.focus({ preventScroll: true, focusVisible: false });
  lane.track.setPointerCapture(press.pointerId);
  lane.select(frame);

  const move = (event) => {
    if (event.pointerId !== press.pointerId) return;
    const [dx, dy] = [event.clientX - press.clientX, event.clientY - press.clientY];
    if (!axis && Math.max(Math.abs(dx), Math.abs(dy)) < SLACK) return;
    axis ??= Math.abs(dx) >= Math.abs(dy) || !isNumber(held) ? "frame" : "value";
    const to = { frame: held.frame, value: held.value };
    if (axis === "frame" || event.shiftKey) {
      const wanted = Math.round(lane.view.frame(lane.view.x(held.frame) + dx));
      to.frame = Math.max(least, Math.min(wanted, most));
    }
    if (isNumber(held) && (axis === "value" || event.shiftKey)) {
      to.value = roundTo(height.value(height.y(held.value) + dy), step);
    }
    lane.drag = { frame: held.frame, to, range };
    lane.draw();
  };
  const end = (event) => {
    if (event.pointerId !== press.pointerId) return;
    for (const [name, listener] of listeners) lane.track.removeEventListener(name, listener);
    removeEventListener("keydown", cancel, true);
    const to = event.type === "pointerup" && lane.drag?.to;
    lane.drag = null;
    if (to) drop(lane, key, held, to);
    lane.draw();
  };
  const cancel = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    end({ type: "cancelled", pointerId: press.pointerId });
  };
  const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
  for (const [name, listener] of listeners) lane.track.addEventListener(name, listener);
  addEventListener("keydown", cancel, true);
}

function drop(lane, key, held, to) {
  if (to.frame !== held.frame) {
    moveKey(key, held.frame, to.frame);
    lane.select(to.frame);
  }
  if (to.value !== held.value) {
    setKey(key, { ...to, ease: held.ease });
  }
}
