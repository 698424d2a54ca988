// <dream-transport>: play, pause, step, restart; frame and speed.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";

export class Transport extends HTMLElement {
  connectedCallback() {
    const play = h("button", { class: "round", onclick: () => studio.send(studio.status?.playing ? "pause" : "play") });
    this.append(play);
    const show = () => {
      const playing = studio.status?.playing ?? false;
      play.replaceChildren(icon(playing ? "pause" : "play"));
      play.setAttribute("aria-label", playing ? "Pause" : "Play");
    };
    studio.addEventListener("status", show);
    show();
  }
}

customElements.define("dream-transport", Transport);
