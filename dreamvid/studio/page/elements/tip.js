// Tip: help of a control, shown beside it while the pointer rests on its name, which is tapped on
// a phone, or while its field has the focus by keyboard. Screen readers have the help from the
// field's description.

import { h } from "../dom.js";

const REST = 350; // milliseconds
const GAP = 8;

/** Show the help of the <dream-control>s within an element. */
export function attachTip(place) {
  const tip = h("div", { class: "tip", "aria-hidden": "true", hidden: true });
  let timer = 0;
  const hide = () => {
    clearTimeout(timer);
    tip.hidden = true;
  };
  const rowOf = (event) => event.target.closest?.("dream-control");
  document.body.append(tip);
  place.addEventListener("pointerover", (event) => {
    hide();
    if (event.pointerType === "mouse" && event.target.matches(".name")) timer = setTimeout(() => show(tip, rowOf(event)), REST);
  });
  place.addEventListener("pointerleave", hide);
  place.addEventListener("focusin", (event) => event.target.matches("dream-control :focus-visible") && !event.target.matches(".reset") && event.target.matches(":not(:active)") && show(tip, rowOf(event)));
  place.addEventListener("focusout", hide);
  place.addEventListener("click", (event) => event.target.matches("dream-control .name") && show(tip, rowOf(event)));
  place.addEventListener("pointerdown", hide);
  place.addEventListener("scroll", hide);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

function show(tip, row) {
  const { control } = row;
  const { help, least, most, unit, kind } = control;
  const range = kind !== "number" || most - least >= 2e4 ? "" : [least == null ? "" : least > 0 && least < 1e-4 ? "above 0" : `from ${least}`, most == null || most >= 1e6 ? "" : `to ${most}`].filter(Boolean).join(" ");
  const standard = control.default === null || control.default === "" || control.default?.length === 0 ? "" : `default ${typeof control.default === "string" ? control.default : JSON.stringify(control.default)}`;
  tip.replaceChildren(
    h("p", {}, help || row.label),
    h("p", { class: "soft" }, [range && `${range}${unit ? ` ${unit}` : ""}`, standard, control.scheduled ? "takes an expression, 1 + 0.2*sin(tau*t/5)" : ""].filter(Boolean).join("; ")),
    h("p", {}, h("code", {}, control.key)),
  );
  tip.hidden = false;
  const box = row.getBoundingClientRect();
  const left = box.left - tip.offsetWidth - GAP;
  tip.style.left = `${left > GAP ? left : Math.max(GAP, box.left + GAP)}px`;
  const top = left > GAP ? box.top : box.top > tip.offsetHeight + GAP ? box.top - tip.offsetHeight - GAP : box.bottom + GAP;
  tip.style.top = `${Math.min(top, innerHeight - tip.offsetHeight - GAP)}px`;
}
