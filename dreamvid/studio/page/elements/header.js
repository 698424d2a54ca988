// <dream-header>

export class Header extends HTMLElement {
  connectedCallback() {}
}

customElements.define("dream-header", Header);
