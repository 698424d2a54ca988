// Connection to the server: the latest state, and commands. See protocol/
//
// Events: "state", "status", "renders" (the same-named properties have changed), "refused"
// {key, message}, "notice" {message}, "picture" {kind, revision, frame, blob}, "connection"
// (`connected` has changed). Who has drawn a picture calls `ready()` for the next one; a window
// that is hidden asks for it once it is seen again, so that it costs nothing meanwhile.

const HEADER = 12; // bytes before a picture
const PAUSE = 33; // milliseconds between two values of one setting
const PATIENCE = [250, 500, 1000, 2000]; // milliseconds before another try

export class Studio extends EventTarget {
  state = null;
  status = null;
  renders = null;
  connected = false;
  #socket = null;
  #tries = 0;
  #postponed = false;
  #waiting = new Map(); // settings sent less than PAUSE ago -> the newest value since

  constructor() {
    super();
    this.#connect();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#postponed) this.ready();
    });
  }

  /** Send a command: send("set", { key: "motion.zoom", value: 1.5 }). */
  send(type, fields = {}) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type, ...fields }));
    }
  }

  /** Set a setting, at most 30 times a second; the last value is always sent. */
  set(key, value) {
    if (this.#waiting.has(key)) return void this.#waiting.set(key, { value });
    this.send("set", { key, value });
    this.#waiting.set(key, null);
    setTimeout(() => {
      const newer = this.#waiting.get(key);
      this.#waiting.delete(key);
      if (newer) this.set(key, newer.value);
    }, PAUSE);
  }

  ready() {
    this.#postponed = document.hidden;
    if (!document.hidden) this.send("ready");
  }

  #connect() {
    const address = new URL("socket", location.href);
    address.protocol = location.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#tries = 0;
      this.#tell("connected", true, "connection");
      this.ready();
    };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#take(JSON.parse(data)) : this.#show(data));
    socket.onclose = () => {
      this.#tell("connected", false, "connection");
      setTimeout(() => this.#connect(), PATIENCE[Math.min(this.#tries++, PATIENCE.length - 1)]);
    };
    this.#socket = socket;
  }

  #take(message) {
    if (["state", "status", "renders"].includes(message.type)) this[message.type] = message;
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  #show(data) {
    const view = new DataView(data);
    const detail = {
      kind: view.getUint8(0),
      revision: view.getUint32(4, true),
      frame: view.getInt32(8, true),
      blob: new Blob([new Uint8Array(data, HEADER)], { type: "image/jpeg" }),
    };
    this.dispatchEvent(new CustomEvent("picture", { detail }));
  }

  #tell(name, value, event) {
    this[name] = value;
    this.dispatchEvent(new CustomEvent(event));
  }
}

export const studio = new Studio();
