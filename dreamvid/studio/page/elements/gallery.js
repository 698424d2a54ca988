// <dream-gallery>

export class Gallery extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-gallery", Gallery);
