// The part of the film that the timeline shows: frames to pixels and back, zoom, scroll, ticks.

const MARGIN = 12; // pixels at both ends, so that the handles there are whole
const NEAREST = 8; // frames across, at the most zoom
const SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

export class TimeView {
  frames = 1; // of the film
  first = 0; // frame at the left end
  width = 0; // pixels
  #span = 0; // frames from the left end to the right one; 0: all, however many they are

  get whole() {
    return Math.max(1, this.frames - 1);
  }

  get span() {
    return this.#span ? Math.min(this.#span, this.whole) : this.whole;
  }

  get zoomed() {
    return this.span < this.whole;
  }

  x(frame) {
    return MARGIN + ((frame - this.first) / this.span) * Math.max(1, this.width - 2 * MARGIN);
  }

  /** The frame at a pixel, not rounded. */
  frame(x) {
    return this.first + ((x - MARGIN) / Math.max(1, this.width - 2 * MARGIN)) * this.span;
  }

  /** Show `factor` times fewer frames; the one at pixel `x` stays where it is. */
  zoom(factor, x = this.width / 2) {
    const anchor = this.frame(x);
    const span = Math.max(Math.min(NEAREST, this.whole), this.span / factor);
    const share = (anchor - this.first) / this.span;
    this.#span = span >= this.whole ? 0 : span;
    this.scroll(anchor - share * this.span);
  }

  fit() {
    this.#span = 0;
    this.first = 0;
  }

  scroll(first) {
    this.first = Math.max(0, Math.min(first, this.whole - this.span));
  }

  /** Scroll by a page where a frame is out of sight. True: it was. */
  follow(frame) {
    if (!this.zoomed || (frame >= this.first && frame <= this.first + this.span)) return false;
    this.scroll(frame - this.span * 0.1);
    return true;
  }

  /** The first and the last whole frame in sight, with one more at each end. */
  get sight() {
    return [Math.floor(this.frame(0)) - 1, Math.ceil(this.frame(this.width)) + 1];
  }

  /** Frames between two numbers of the ruler that are `room` pixels apart or more. */
  frameStep(room) {
    const least = (room * this.span) / Math.max(1, this.width);
    const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
    return Math.max(1, [1, 2, 5, 10].map((by) => by * power).find((step) => step >= least));
  }

  /** Seconds between two times of the ruler that are `room` pixels apart or more. */
  secondStep(room, fps) {
    const least = (room * this.span) / Math.max(1, this.width) / fps;
    return SECONDS.find((step) => step >= least && step * fps >= 1) ?? 7200;
  }
}

/** Write a time: "1.5 s", "2:05". */
export function clock(seconds, step = 0.1) {
  if (Math.abs(seconds) < 60) return `${+seconds.toFixed(step < 1 ? 2 : 0)} s`;
  const rest = seconds % 60;
  const digits = step < 1 ? rest.toFixed(1).padStart(4, "0") : Math.round(rest).toString().padStart(2, "0");
  return `${Math.floor(seconds / 60)}:${digits}`;
}
