// Drawing on canvases as sharp as the screen, in the page's colours.

/** Fit a canvas to its box; gives its cleared context, in CSS pixels. */
export function prepare(canvas) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** The page's colour of a name: colour("accent") is the style sheet's --accent. */
export function colour(element, name) {
  return getComputedStyle(element).getPropertyValue(`--${name}`).trim() || "#888";
}
