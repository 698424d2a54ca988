// A lane's values: the points of its curve, its range, and values rounded as a hand would.

/** True for a keyframe whose value is a number, not an expression. */
export const isNumber = ({ value }) => typeof value === "number";

/** The value of a lane at a frame, between its samples. */
export function valueAt({ samples, keyframes }, frame, frames) {
  const key = keyframes?.find((key) => key.frame === frame && isNumber(key));
  if (key) return key.value;
  const at = (Math.max(0, Math.min(frame, frames - 1)) / Math.max(1, frames - 1)) * (samples.length - 1);
  const [before, after] = [samples[Math.floor(at)], samples[Math.ceil(at)]];
  return before + (after - before) * (at % 1);
}

/** Points [frame, value] of a lane's curve: its samples, and each keyframe where it is exactly. */
export function curveOf({ samples, keyframes }, frames) {
  const step = Math.max(1, frames - 1) / Math.max(1, samples.length - 1);
  const points = samples.map((value, index) => [index * step, value]);
  const keys = keyframes?.filter(isNumber) ?? [];
  keys.forEach(({ frame, value }, index) => {
    points.push([frame, value]);
    const before = keys[index - 1];
    if (before?.ease === "hold") points.push([frame - 0.001, before.value]);
  });
  return points.sort(([a], [b]) => a - b);
}

/** The curve while a keyframe is dragged: straight from its neighbours until it is dropped. */
export function draggedCurve(lane, frames, moved, to) {
  const keys = lane.keyframes.filter(isNumber);
  const at = keys.findIndex(({ frame }) => frame === moved);
  const [before, after] = [keys[at - 1], keys[at + 1]];
  const [from, until] = [before?.frame ?? -Infinity, after?.frame ?? Infinity];
  const points = curveOf(lane, frames).filter(([frame]) => frame <= from || frame >= until);
  if (!before) points.push([0, to.value]);
  if (!after) points.push([frames - 1, to.value]);
  if (before?.ease === "hold") points.push([to.frame - 0.001, before.value]);
  points.push([to.frame, to.value]);
  return points.sort(([a], [b]) => a - b);
}

/** The lowest and highest value that a lane shows, never the same. */
export function rangeOf({ samples, keyframes }) {
  const values = [...samples, ...(keyframes ?? []).filter(isNumber).map(({ value }) => value)].filter(Number.isFinite);
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low > 1e-9) return [low, high];
  const room = Math.abs(low) * 0.2 || 0.5;
  return [low - room, high + room];
}

/** The step of a value that is changed by hand, where `range` is in sight: about a hundredth. */
export function stepOf([low, high]) {
  return 10 ** Math.floor(Math.log10((high - low) / 50));
}

/** Round a value to a step: 1.2300000001 becomes 1.23. */
export function roundTo(value, step) {
  return Number((Math.round(value / step) * step).toFixed(Math.max(0, -Math.floor(Math.log10(step)))));
}

/** Write a value shortly. */
export function short(value) {
  return typeof value === "string" ? value : String(Number(value.toPrecision(4)));
}
