// <dream-midi>
export class Midi extends HTMLElement {
  toggle() {}
}
customElements.define("dream-midi", Midi);
