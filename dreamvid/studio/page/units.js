// Units: durations and sizes as people read them.

/** Write seconds as "12 s", "3 min 20 s" or "2 h 5 min". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return minutes < 10 && whole % 60 ? `${minutes} min ${whole % 60} s` : `${Math.round(whole / 60)} min`;
  const hours = Math.floor(Math.round(whole / 60) / 60);
  const rest = Math.round(whole / 60) % 60;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

/** Write the length of a film, in seconds: "2.5 s", or as a clock: "1:08", "1:02:03". */
export function clock(seconds) {
  if (seconds < 59.95) return `${+seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}

/** Write a number of bytes: "340 kB", "1.2 GB". */
export function bytes(count) {
  const [unit, size] = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]].find(([, least]) => count >= least) ?? ["bytes", 1];
  const value = count / size;
  return `${value < 10 && size > 1e3 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
