// Icons: drawn here, 24 by 24, in the colour of the text around them.

const SHAPES = {
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z",
  step: "M5 4.5v15L15 12zM16.4 5H19v14h-2.6z",
};
const LINES = {
  restart: "M5 12a7 7 0 1 0 2.2-5.1M7.4 3v4.2h4.2",
  undo: "M8.5 5 4.5 9l4 4M4.5 9H14a5 5 0 0 1 0 10h-3",
  redo: "m15.5 5 4 4-4 4M19.5 9H10a5 5 0 0 0 0 10h3",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  endless: "M12 12c-2-3-3.600-4-5.500-4a4 4 0 1 0 0 8c1.900 0 3.500-1 5.500-4s3.600-4 5.500-4a4 4 0 1 1 0 8c-1.900 0-3.500-1-5.500-4",
  dice: "M4 4h16v16H4zM8.5 8.5h.01M15.5 15.5h.01M12 12h.01",
  close: "m6 6 12 12M18 6 6 18",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20",
  reset: "M5 12a7 7 0 1 0 2.2-5.1M7.4 3v4.2h4.2",
  open: "M4 5h6v6H4zM14 5h6v6h-6zM4 14h6v5H4zM14 14h6v5h-6z",
  down: "m6 9 6 6 6-6",
  curve: "M3 18c6 0 6-12 9-12s3 12 9 12",
  save: "M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6",
  render: "M4 7h11v10H4zM15 10.5l5-3v9l-5-3",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  keyframe: "M12 6.500 17.500 12 12 17.500 6.500 12z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  previous: "m14 7-5 5 5 5M6 7v10",
  next: "m10 7 5 5-5 5M18 7v10",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  knob: "M12 4.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15zM12 12 8.500 7.500M4 19.500l1.500-1.200M20 19.500l-1.500-1.200",
  help: "M9 9.200a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.800h.01",
  fit: "M4 8V5h16v3M4 16v3h16v-3M8 12h8M10 9.500 7.500 12l2.500 2.500M14 9.500l2.500 2.500-2.500 2.500",
};
const SVG = "http://www.w3.org/2000/svg";

/** Make an icon by its name; decoration only, so its button needs an aria-label. */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name] ?? LINES[name]);
  picture.append(path);
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("class", name in SHAPES ? "icon solid" : "icon");
  picture.setAttribute("aria-hidden", "true");
  return picture;
}
