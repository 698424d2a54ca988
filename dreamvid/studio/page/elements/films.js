// <dream-films>

export class Films extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-films", Films);
