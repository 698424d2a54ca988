// Shortcuts of time, comparison and help, and the list of all that the page has.

import { shortcut } from "./keys.js";
import { studio } from "./studio.js";

/** All shortcuts for the help, in groups: [title, [[keys, what they do], ...]]. */
export const HELP = [
  [
    "Film",
    [
      [["Space"], "Play or pause"],
      [["←", "→"], "One frame back or on; past the last one a frame is dreamed"],
      [["."], "Dream one frame"],
      [["Home"], "Begin again at the start picture"],
      [["R"], "Record: changes become keyframes"],
      [["F"], "Full screen"],
    ],
  ],
  [
    "Keyframes",
    [
      [["["], "Previous keyframe"],
      [["]"], "Next keyframe"],
      [["Delete"], "Delete the selected keyframe"],
      [["Shift", "← →"], "Move it in time, on its lane"],
      [["↑", "↓"], "Change its value, on its lane; with Shift ten times as much"],
      [["Insert"], "Add one at the playhead, on its lane"],
    ],
  ],
  [
    "Compare",
    [
      [["A"], "Pin the settings and pictures as A"],
      [["W"], "Show or hide the wipe between A and B"],
    ],
  ],
  [
    "Preset",
    [
      [["G"], "Gallery of presets"],
      [["S"], "Save"],
      [["/"], "Search all settings"],
      [["Ctrl", "Z"], "Undo"],
      [["Ctrl", "Shift", "Z"], "Redo"],
      [["M"], "MIDI learn"],
      [["?"], "These shortcuts"],
    ],
  ],
];

const find = (selector) => document.querySelector(selector);

function stepBy(by) {
  const { status } = studio;
  if (!status) return;
  if (by > 0 && !status.playing && status.frame >= status.last) studio.send("step");
  else find("dream-timeline").ruler.seek(find("dream-timeline").playhead + by);
}

shortcut("arrowleft", () => stepBy(-1));
shortcut("arrowright", () => stepBy(1));
shortcut(".", () => studio.send("step"));
shortcut("home", () => studio.send("restart"));
shortcut("r", () => studio.send("record", { on: !studio.state?.recording }));
shortcut("[", () => find("dream-timeline").goToKey(-1));
shortcut("]", () => find("dream-timeline").goToKey(1));
for (const name of ["delete", "backspace"]) shortcut(name, () => find("dream-timeline").deleteKey());
shortcut("a", () => studio.send("pin"));
shortcut("w", () => find("dream-wipe")?.toggle());
shortcut("g", () => (location.hash = "gallery"));
shortcut("s", () => find("dream-save")?.open());
shortcut("m", () => find("dream-midi")?.toggle());
shortcut("?", () => find("dream-help")?.toggle());
