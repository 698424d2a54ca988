// <dream-renders>

export class Renders extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-renders", Renders);
