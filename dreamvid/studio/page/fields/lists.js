// Lists as they are read and written in fields: names between commas where that says all, JSON
// where items have weights and more.

const DEFAULTS = { "weight": 1, "objective": null, "channels": [], "channel_weights": [], "count": 10, "place": [0.5, 0.5], "size": 96, "mask": null };
const NAMES = ["name", "label", "text", "path", "of"]; // what an item is called

/** Write a list, without what is as by default. */
export function write(value) {
  if (value == null) return "";
  const brief = Array.isArray(value) ? value.map(shorten) : shorten(value);
  if (typeof brief === "string") return brief;
  const plain = Array.isArray(brief) && brief.every((one) => typeof one === "string" && !/[,"[{]/.test(one));
  return plain ? brief.join(", ") : JSON.stringify(brief);
}

/** Read what was typed; what cannot be read is sent as it is, for the server to say why. */
export function parse(text) {
  if (/^[[{"\d]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text.includes(",") ? text.split(",").map((one) => one.trim()).filter(Boolean) : text;
}

function shorten(item) {
  if (item === null || typeof item !== "object" || Array.isArray(item)) return item;
  const rest = Object.entries(item).filter(([name, value]) => value !== null && JSON.stringify(value) !== JSON.stringify(DEFAULTS[name]));
  const alone = rest.length === 1 && NAMES.includes(rest[0][0]) && typeof rest[0][1] === "string";
  return alone ? rest[0][1] : Object.fromEntries(rest);
}
