// Painting of a lane: its curve, and marks for keyframes too many for handles.

import { curveOf, isNumber, moved } from "../lanecurve.js";
import { colour, prepare } from "../paint.js";

const ROOM = 9; // pixels above and below the curve

/** A lane's scale from values to pixels, and back. */
export function heightOf({ canvas, range: [low, high] }) {
  const tall = canvas.clientHeight - 2 * ROOM;
  return {
    y: (value) => ROOM + (1 - (value - low) / (high - low)) * tall,
    value: (y) => low + (1 - (y - ROOM) / tall) * (high - low),
  };
}

export function drawLane(element) {
  const { lane, view, drag } = element;
  const { context, width, height } = prepare(element.canvas);
  const { y } = heightOf(element);
  const points = curveOf(drag ? moved(lane, drag.frame, drag.to) : lane, view.frames);
  const tone = element.classList.contains("recording") ? "record" : "accent";
  context.beginPath();
  for (const [frame, value] of inSight(points, view)) context.lineTo(view.x(frame), y(value));
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.strokeStyle = colour(element, tone);
  context.stroke();
  context.lineTo(width, height);
  context.lineTo(0, height);
  context.globalAlpha = 0.1;
  context.fillStyle = context.strokeStyle;
  context.fill();
  context.globalAlpha = 1;
  const [from, to] = view.sight;
  for (const { frame, value } of lane.keyframes ?? []) {
    if (frame < from || frame > to || !isNumber({ value })) continue;
    context.fillRect(view.x(frame) - 2, y(value) - 2, 4, 4);
  }
  drawEdges(context, element, height);
}

/** The film's ends, shaded beyond. */
function drawEdges(context, element, height) {
  const { view } = element;
  context.fillStyle = colour(element, "ground");
  const [left, right] = [view.x(0), view.x(view.whole)];
  if (left > 0) context.fillRect(0, 0, left, height);
  if (right < view.width) context.fillRect(right, 0, view.width - right, height);
}

/** The points in sight and one more at each end. */
function inSight(points, view) {
  const [from, to] = view.sight;
  const first = Math.max(0, points.findIndex(([frame]) => frame >= from) - 1);
  const end = points.findIndex(([frame]) => frame > to);
  return points.slice(first, end < 0 ? points.length : end + 1);
}
