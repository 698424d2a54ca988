// Zoom and scroll of the timeline by wheel (with ctrl or cmd, and with shift) and by two fingers.

/** Let a timeline be zoomed and scrolled by hand. */
export function zoomByHand(timeline) {
  const { view, rows, ruler } = timeline;
  const at = (clientX) => clientX - ruler.getBoundingClientRect().left;

  rows.addEventListener("wheel", (event) => {
    const across = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) timeline.zoom(Math.exp(-event.deltaY * 0.004), at(event.clientX));
    else if (Math.abs(across) > Math.abs(event.deltaY) || event.shiftKey) {
      view.scroll(view.first + (across / view.width) * view.span);
      timeline.redraw();
    } else return;
    event.preventDefault();
  }, { passive: false });

  const fingers = new Map();
  let apart = 0;
  const measure = () => {
    const [a, b] = [...fingers.values()];
    return { middle: (a + b) / 2, apart: Math.max(20, Math.abs(a - b)) };
  };
  rows.addEventListener("pointerdown", ({ pointerType, pointerId, clientX }) => {
    if (pointerType !== "touch") return;
    fingers.set(pointerId, clientX);
    if (fingers.size === 2) apart = measure().apart;
  });
  rows.addEventListener("pointermove", ({ pointerId, clientX }) => {
    if (!fingers.has(pointerId)) return;
    const before = fingers.size === 2 && measure();
    fingers.set(pointerId, clientX);
    if (!before) return;
    const now = measure();
    view.zoom(now.apart / apart, at(before.middle));
    view.scroll(view.first - ((now.middle - before.middle) / view.width) * view.span);
    apart = now.apart;
    timeline.redraw();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    rows.addEventListener(name, ({ pointerId }) => fingers.delete(pointerId));
  }
}
