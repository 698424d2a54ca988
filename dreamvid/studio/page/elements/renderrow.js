// A job in the queue: its picture, progress, time left, and what can be done with it.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";
import { duration } from "../units.js";

const SURE = 4000; // milliseconds in which a second click removes a film that is begun

export class Row {
  #picture = h("img", { alt: "", hidden: true, decoding: "async" });
  #title = h("b");
  #words = h("span", { class: "words" });
  #bar = h("progress", { max: 1, value: 0 });
  #retry = h("button", { onclick: () => studio.send("retry_render", { job: this.#job.job }) }, "Retry");
  #watch = h("a", { class: "button", href: "#films" }, icon("play"), "Watch");
  #remove = h("button", { class: "quiet remove", onclick: () => this.#removed() });
  #job = null;
  #asked = 0;

  constructor(job) {
    this.element = h(
      "li",
      { "data-job": job },
      h("div", { class: "picture" }, this.#picture),
      h("div", { class: "what" }, this.#title, this.#words, this.#bar),
      h("div", { class: "acts" }, this.#retry, this.#watch, this.#remove),
    );
    this.#ask(false);
  }

  /** Show the job as it is now. */
  show(job, paused) {
    this.#job = job;
    this.element.dataset.state = job.state;
    this.#title.textContent = job.title;
    this.#title.title = job.job;
    this.#words.textContent = describe(job, paused);
    this.#words.classList.toggle("trouble", job.state === "failed");
    this.#bar.hidden = job.state === "done" || (job.state === "waiting" && !job.frames);
    this.#bar.value = job.count ? job.frames / job.count : 0;
    this.#bar.setAttribute("aria-label", `Progress of ${job.title}`);
    this.#retry.hidden = job.state !== "failed";
    this.#watch.hidden = job.state !== "done";
    this.#picture.hidden = !job.picture;
    if (job.picture && this.#picture.getAttribute("src") !== job.picture) this.#load(job.picture);
  }

  /** Load the picture aside, and then exchange it, so that it never flickers. */
  async #load(address) {
    const next = new Image();
    next.src = address;
    await next.decode().catch(() => {});
    if (next.naturalWidth && this.#job.picture === address) this.#picture.src = address;
  }

  #removed() {
    if (this.#job.state === "rendering" || (this.#job.state === "waiting" && this.#job.frames)) {
      if (!this.#asked) return this.#ask(true);
    }
    studio.send("remove_render", { job: this.#job.job });
  }

  #ask(sure) {
    clearTimeout(this.#asked);
    this.#asked = sure ? setTimeout(() => this.#ask(false), SURE) : 0;
    this.#remove.classList.toggle("round", !sure);
    this.#remove.replaceChildren(sure ? "Remove?" : icon("close"));
    this.#remove.setAttribute("aria-label", sure ? "Remove it? Its frames so far stay in its folder" : "Remove from the queue");
    this.#remove.title = sure ? "Its frames so far stay in its folder" : "Remove from the queue";
  }
}

function describe({ state, frames, count, seconds_left: left, reason }, paused) {
  const place = `frame ${frames} of ${count}`;
  if (state === "failed") return reason || "failed";
  if (state === "done") return count === 1 ? "done, 1 frame" : `done, ${count} frames`;
  if (state === "waiting") {
    const again = reason ? `, will be tried again: ${reason}` : "";
    return (frames ? `${paused ? "paused" : "waiting"} at ${place}` : "waiting") + again;
  }
  if (paused) return `stops after this frame, ${place}`;
  if (!frames) return "starting";
  if (frames >= count) return "writing the films";
  return left == null ? place : `${place}, ${duration(left)} left`;
}
