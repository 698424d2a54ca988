// <dream-notices>: a banner while something is wrong, and short messages that go by themselves.

import { h } from "../dom.js";
import { studio } from "../studio.js";

const SHORT = 6000; // milliseconds that a message stays
const LOST = 800; // milliseconds without a connection before it is told

export class Notices extends HTMLElement {
  #banner = h("p", { class: "banner", role: "alert", hidden: true });
  #list = h("div", { class: "messages", "aria-live": "polite" });
  #lost = 0;

  connectedCallback() {
    this.append(this.#banner, this.#list);
    studio.addEventListener("refused", ({ detail }) => {
      const event = new CustomEvent("refusal", { detail, cancelable: true });
      if (this.dispatchEvent(event)) this.#add(detail.message, "trouble", detail.key);
    });
    studio.addEventListener("notice", ({ detail }) => this.#add(detail.message, ""));
    studio.addEventListener("status", () => this.#warn());
    studio.addEventListener("connection", () => {
      clearTimeout(this.#lost);
      if (studio.connected) this.#warn();
      else this.#lost = setTimeout(() => this.#warn(), LOST);
    });
  }

  #warn() {
    const { status, connected } = studio;
    const words = connected ? status?.trouble ?? (status?.worker === "stopped" ? "The process that dreams has stopped." : "") : "The studio does not answer. Nothing is lost; trying again …";
    if (this.#banner.textContent !== words) this.#banner.textContent = words;
    this.#banner.hidden = !words;
  }

  #add(words, kind, key = null) {
    const same = [...this.#list.children].find((one) => one.firstChild.textContent === words);
    same?.remove();
    const message = h("p", { class: kind }, h("span", {}, words));
    const controls = document.querySelector("dream-controls");
    if (key && controls.has(key)) message.append(h("button", { class: "quiet", onclick: () => (message.remove(), controls.showSetting(key, words)) }, "Show"));
    message.append(h("button", { class: "round quiet", "aria-label": "Close", onclick: () => message.remove() }, "×"));
    this.#list.append(message);
    const leave = () => (message.matches(":hover, :focus-within") ? setTimeout(leave, SHORT) : message.remove());
    setTimeout(leave, SHORT + words.length * 30);
  }
}

customElements.define("dream-notices", Notices);
