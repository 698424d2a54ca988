// Numbers as they are read and written in fields.

/** Choose a slider's step: 1, 2 or 5 of a decimal place, some 200 to its length. */
export function stepOf({ low, high, whole }) {
  const rough = (high - low) / 200 || 0.01;
  const place = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * place >= rough * 0.999) * place;
  return whole ? Math.max(1, Math.round(step)) : step;
}

/** Count the decimals that a step has. */
export function decimalsOf(step) {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

/** Write a number exactly, without the noise of its binary form. */
export function exact(value) {
  return String(Number(value.toPrecision(12))).replace("-", "−");
}

/** Round to a step's decimals, and write it. */
export function rounded(value, step) {
  return value.toFixed(decimalsOf(step)).replace("-", "−");
}

/** Read a number as it is typed, "1,5" and "−3" too; NaN where it is none. */
export function read(text) {
  const plain = text.trim().replace("−", "-").replace(/^(-?\d*),(\d+)$/, "$1.$2");
  return plain === "" ? NaN : Number(plain);
}
