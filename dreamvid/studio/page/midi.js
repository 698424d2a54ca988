// MIDI: devices, learning which knob moves what, and moving it.
//
// Events: "change" (devices, mappings, learning or the line to be told have changed).

import { readMessage, guessMode, lowOf, stepsOf } from "./midivalues.js";
import { setShare, strike, targetAt, turn, unfit } from "./miditargets.js";
import { loadControls } from "./names.js";

const STORE = "dreamvid.midi"; // {device: [{source, key or action, title, mode}]}
const GATHERED = 4; // messages of a knob, or ...
const WAIT = 400; // milliseconds, until its mode is guessed

export class Midi extends EventTarget {
  devices = []; // names
  mappings = read();
  learning = false;
  target = null; // what the next knob that moves will move
  line = ""; // what there is to be told
  #access = null;
  #leading = false; // of all windows, one moves things
  #gathered = null; // {device, messages} while learning
  #high = new Map(); // high 7 bits of 14-bit controllers
  #down = new Map(); // controllers above their middle, for switches and buttons

  /** Ask the browser for MIDI; its refusal becomes the line. */
  async start() {
    if (this.#access) return true;
    if (!navigator.requestMIDIAccess) {
      const cure = isSecureContext ? "Chrome, Edge and Firefox have it" : "it needs this page at localhost or by https";
      return this.#tell(`No MIDI in this browser; ${cure}.`, false);
    }
    try {
      this.#access = await navigator.requestMIDIAccess();
    } catch (error) {
      return this.#tell(`The browser refused MIDI (${error.name}); allow it in the page's settings, beside the address.`, false);
    }
    await loadControls().catch(() => null);
    this.#access.onstatechange = () => this.#attach();
    if (navigator.locks) navigator.locks.request(STORE, () => new Promise(() => (this.#leading = true)));
    else this.#leading = true;
    addEventListener("storage", ({ key }) => key === STORE && this.#set({ mappings: read() }));
    this.#attach();
    return true;
  }

  /** Begin or end learning. */
  async learn(on) {
    if (on && !(await this.start())) return;
    this.#gathered = null;
    this.#set({ learning: on, target: null, line: on ? "Click a control, then move a knob." : "" });
  }

  /** Choose what the next knob will move, by an element of the page. True: it can be moved. */
  aim(element) {
    const target = targetAt(element);
    if (!target) return false;
    const trouble = unfit(target, "cc");
    this.#gathered = null;
    this.#set({ target: trouble ? null : target, line: trouble || `Move a knob for ${target.title}.` });
    return true;
  }

  remove(device, source) {
    this.#save(device, this.#of(device).filter((one) => one.source !== source));
  }

  setMode(device, source, mode) {
    this.#save(device, this.#of(device).map((one) => (one.source === source ? { ...one, mode } : one)));
  }

  #of(device) {
    return this.mappings[device] ?? [];
  }

  #attach() {
    const inputs = [...this.#access.inputs.values()].filter(({ state }) => state !== "disconnected");
    for (const input of inputs) input.onmidimessage = ({ data }) => this.#take(input.name, readMessage(data));
    const line = inputs.length ? this.line : "No MIDI device is connected; it is found when it is.";
    this.#set({ devices: inputs.map(({ name }) => name), line: this.learning || !inputs.length ? line : "" });
  }

  #take(device, message) {
    if (!message) return;
    if (this.learning && this.target) return this.#gather(device, message);
    if (this.#leading) this.#move(device, message);
  }

  #gather(device, message) {
    if (message.kind === "note" && !message.value) return;
    const trouble = unfit(this.target, message.kind);
    if (trouble) return this.#tell(trouble);
    if (!this.#gathered) {
      this.#gathered = { device, messages: [] };
      setTimeout((gathered) => this.#gathered === gathered && this.#learned(), WAIT, this.#gathered);
    }
    const { messages } = this.#gathered;
    if (device === this.#gathered.device) messages.push(message);
    if (message.kind !== "cc" || messages.length >= GATHERED) this.#learned();
  }

  #learned() {
    const { device, messages } = this.#gathered;
    this.#gathered = null;
    const { source, kind } = messages[0];
    const low = lowOf(source);
    const values = messages.filter((one) => one.source === source).map(({ value }) => value);
    const mode = kind !== "cc" ? "absolute" : messages.some((one) => one.source === low) ? "wide" : guessMode(values);
    const others = this.#of(device).filter((one) => one.source !== source);
    const { title } = this.target;
    this.#save(device, [...others, { ...this.target, source, mode }]);
    this.target = null;
    this.#tell(`${title} follows ${source} of ${device}. Click another control, or end learning.`);
  }

  #move(device, message) {
    for (const mapping of this.#of(device)) {
      if (mapping.mode === "wide" && message.kind === "cc") this.#moveWide(device, mapping, message);
      else if (mapping.source === message.source) this.#moveOne(device, mapping, message);
    }
  }

  #moveOne(device, mapping, { kind, value, most, source }) {
    const { key, action, mode } = mapping;
    if (kind === "note") return void (value && strike(mapping));
    if (mode !== "absolute") {
      const steps = stepsOf(mode, value);
      if (steps && key) turn(key, steps);
      return;
    }
    if (!action) return setShare(key, value / most);
    const name = `${device} ${source}`;
    const down = value > most / 2;
    if (down && !this.#down.get(name)) strike(mapping);
    this.#down.set(name, down);
  }

  #moveWide(device, { key, source }, message) {
    const name = `${device} ${source}`;
    if (message.source === source) this.#high.set(name, message.value);
    else if (message.source === lowOf(source) && key) setShare(key, (((this.#high.get(name) ?? 0) << 7) | message.value) / 16383);
  }

  #save(device, list) {
    const mappings = { ...this.mappings, [device]: list };
    if (!list.length) delete mappings[device];
    localStorage.setItem(STORE, JSON.stringify(mappings));
    this.#set({ mappings });
  }

  #tell(line, result) {
    this.#set({ line });
    return result;
  }

  #set(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event("change"));
  }
}

function read() {
  try {
    const mappings = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return Object.fromEntries(Object.entries(mappings).filter(([, list]) => Array.isArray(list)));
  } catch {
    return {};
  }
}

export const midi = new Midi();
