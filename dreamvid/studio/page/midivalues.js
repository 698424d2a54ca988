// MIDI messages as numbers: what was moved, how far, and whether a knob turns without an end.

/** How a controller's numbers are read. */
export const MODES = {
  absolute: "absolute",
  wide: "absolute, 14 bit",
  twos: "endless, 1 and 127",
  offset: "endless, 65 and 63",
  sign: "endless, 1 and 65",
};

/** Read a message: {source: "cc 1/21", kind: "cc", "note" or "bend", value, most}; null for others. */
export function readMessage([status, first, second = 0]) {
  const channel = (status & 15) + 1;
  const kind = status & 0xf0;
  if (kind === 0xb0 && first < 120) return { source: `cc ${channel}/${first}`, kind: "cc", channel, number: first, value: second, most: 127 };
  if (kind === 0xe0) return { source: `bend ${channel}`, kind: "bend", value: (second << 7) | first, most: 16383 };
  if (kind === 0x90 || kind === 0x80) return { source: `note ${channel}/${first}`, kind: "note", value: kind === 0x90 ? second : 0, most: 127 };
  return null;
}

/** Steps that an endless knob was turned by: positive to the right. */
export function stepsOf(mode, value) {
  if (mode === "offset") return value - 64;
  if (mode === "sign") return value > 64 ? 64 - value : value === 64 ? 0 : value;
  return value > 64 ? value - 128 : value === 64 ? 0 : value;
}

/** Guess the mode of a controller from the first values that it sent. */
export function guessMode(values) {
  const repeats = values.some((value, index) => index && value === values[index - 1]);
  const all = (test) => values.length > 1 && values.every(test);
  if (!repeats) return "absolute"; // an absolute knob sends a value but once
  if (all((value) => Math.abs(value - 64) <= 8 && value !== 64)) return "offset";
  if (all((value) => value >= 120 || (value > 0 && value <= 8))) return "twos";
  return "absolute";
}

/** The controller that the low 7 bits of a 14-bit one come from: "cc 1/33" for "cc 1/1". */
export function lowOf(source) {
  const [, channel, number] = source.match(/^cc (\d+)\/(\d+)$/) ?? [];
  return number < 32 ? `cc ${channel}/${Number(number) + 32}` : null;
}
