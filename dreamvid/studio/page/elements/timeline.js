// <dream-timeline>

export class Timeline extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-timeline", Timeline);
