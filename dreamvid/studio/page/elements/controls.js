// <dream-controls>

export class Controls extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-controls", Controls);
