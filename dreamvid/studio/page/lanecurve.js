// A lane's values: the points of its curve, its range, and values rounded as a hand would.

import { EASES } from "./eases.js";

const PIECES = 60; // straight pieces of a curved way between two keyframes
const STRAIGHT = ["linear", "hold"];

/** True for a keyframe whose value is a number, not an expression. */
export const isNumber = ({ value }) => typeof value === "number";

/** The value of a lane at a frame: between two keyframes, or between its samples. */
export function valueAt({ samples, keyframes }, frame, frames) {
  if (keyframes?.every(isNumber)) return between(keyframes, frame);
  const at = (Math.max(0, Math.min(frame, frames - 1)) / Math.max(1, frames - 1)) * (samples.length - 1);
  const [before, after] = [samples[Math.floor(at)], samples[Math.ceil(at)]];
  return before + (after - before) * (at % 1);
}

function between(keyframes, frame) {
  const at = keyframes.findLastIndex((key) => key.frame <= frame);
  const [key, next] = [keyframes[Math.max(0, at)], keyframes[at + 1]];
  if (at < 0 || !next) return key.value;
  return key.value + (next.value - key.value) * EASES[key.ease]((frame - key.frame) / (next.frame - key.frame));
}

/** Points [frame, value] of a lane's curve: of its samples where a keyframe is an expression. */
export function curveOf({ samples, keyframes }, frames) {
  if (keyframes?.every(isNumber)) return curveThrough(keyframes, frames);
  const step = Math.max(1, frames - 1) / Math.max(1, samples.length - 1);
  return samples.map((value, index) => [index * step, value]);
}

function curveThrough(keyframes, frames) {
  const points = [[Math.min(0, keyframes[0].frame), keyframes[0].value]];
  keyframes.forEach(({ frame, value, ease }, index) => {
    const next = keyframes[index + 1];
    points.push([frame, value]);
    if (ease === "hold" && next) points.push([next.frame, value]);
    if (!next || STRAIGHT.includes(ease)) return;
    const pieces = Math.min(PIECES, Math.ceil(next.frame - frame));
    for (let piece = 1; piece < pieces; piece++) {
      const share = piece / pieces;
      points.push([frame + share * (next.frame - frame), value + (next.value - value) * EASES[ease](share)]);
    }
  });
  points.push([Math.max(frames - 1, keyframes.at(-1).frame), keyframes.at(-1).value]);
  return points;
}

/** The lane as it is with one keyframe elsewhere. */
export function moved(lane, frame, to) {
  const keyframes = lane.keyframes.map((key) => (key.frame === frame ? { ...key, ...to } : key));
  return { ...lane, keyframes: keyframes.sort((a, b) => a.frame - b.frame) };
}

/** The lowest and highest value that a lane shows, never the same. */
export function rangeOf({ samples, keyframes }) {
  const values = [...samples, ...(keyframes ?? []).filter(isNumber).map(({ value }) => value)].filter(Number.isFinite);
  if (!values.length) return [0, 1];
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
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
