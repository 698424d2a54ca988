// Keyboard shortcuts of the whole page: who defines one, names it here once.

const shortcuts = new Map();
let reached = false; // the focus was moved by keyboard, so that space presses the button that has it

addEventListener("pointerdown", () => (reached = false), true);
addEventListener("keydown", ({ key }) => key === "Tab" && (reached = true), true);

/** Define a shortcut: "f", "space", "ctrl+s" (Command on a Mac); it rests while text is typed. */
export function shortcut(name, action) {
  shortcuts.set(name, action);
}

/** Names of the shortcuts that are defined. */
export function names() {
  return shortcuts.keys();
}

function typing({ target }) {
  return target.closest?.("textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=color])");
}

/** Keys that an element in focus, or a panel above the work, needs for itself. */
function busy({ target }, key) {
  if (!/^(arrow|home|end|page|delete|backspace|space)/.test(key)) return false;
  if (document.querySelector("#work")?.inert) return true;
  return key !== "space" && target.matches?.("input, [role=slider], [role=radio], [role=tab], [role=menuitem], [role=option]");
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const action = shortcuts.get((control ? "ctrl+" : "") + (control && event.shiftKey ? "shift+" : "") + key);
  if (!action || document.querySelector("dialog[open]")) return;
  if (typing(event) && !(control && key === "s")) return;
  if (key === "space" && reached && event.target.closest?.("button, a, summary, [role=button], input[type=checkbox]")) return;
  if (busy(event, key)) return;
  event.preventDefault();
  action(event);
});
