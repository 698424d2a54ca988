// Make DOM elements: h("button", { class: "icon", onclick: play, "aria-label": "Play" }, "▶").

/** Make an element; functions become listeners, booleans are set or left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/** Fetch JSON; throws Error with the server's own words. */
export async function fetchJson(address, options) {
  const reply = await fetch(address, options);
  const body = await reply.json().catch(() => ({ message: `${reply.status} ${reply.statusText}` }));
  if (!reply.ok) throw new Error(body.message);
  return body;
}
