// Page: loads the elements, and shows the panels that the address' hash names.
//
// "#gallery" shows every element whose data-panel has "gallery" among its words. Overlays lie
// above the work, which is inert meanwhile; Escape or "#" leads back to it.

import "./elements/header.js";
import "./elements/stage.js";
import "./elements/transport.js";
import "./elements/controls.js";
import "./elements/gallery.js";
import "./elements/timeline.js";
import "./elements/compare.js";
import "./elements/midi.js";
import "./elements/help.js";
import "./shortcuts.js";
import "./elements/pickers.js";
import "./elements/drop.js";
import "./elements/renders.js";
import "./elements/films.js";

const work = document.querySelector("#work");
const overlays = [...document.querySelectorAll(".overlay")];
let before = null; // element that had the focus when an overlay was opened

function show() {
  const view = location.hash.slice(1) || "main";
  const overlay = overlays.find(({ dataset }) => dataset.panel === view);
  const side = document.querySelector(`#side [data-panel~="${CSS.escape(view)}"]`) ?? document.querySelector("dream-controls");
  if (overlay && !work.inert) before = document.activeElement;
  for (const panel of overlays) panel.hidden = panel !== overlay;
  if (!overlay) for (const panel of document.querySelectorAll("#side [data-panel]")) panel.hidden = panel !== side;
  if (!overlay) document.body.dataset.view = view;
  for (const tab of document.querySelectorAll("#tabs a")) {
    tab.toggleAttribute("aria-current", (tab.dataset.tab || "main") === document.body.dataset.view);
  }
  work.inert = Boolean(overlay);
  if (overlay) overlay.focus();
  else before = before?.focus();
}

addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  const { key, target, defaultPrevented } = event;
  if (key === "Escape" && work.inert && !defaultPrevented && !(target.type === "search" && target.value)) location.hash = "";
});
show();
