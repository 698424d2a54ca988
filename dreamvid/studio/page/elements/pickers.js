// <dream-pickers>

export class Pickers extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-pickers", Pickers);
