// <dream-renders>: puts the film into the queue, and shows the queue.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { studio } from "../studio.js";
import "./renderform.js";
import { Row } from "./renderrow.js";

const ORDER = ["rendering", "waiting", "failed", "done"];

export class Renders extends HTMLElement {
  #rows = new Map(); // by job
  #list = h("ul", { "aria-label": "Queue" });
  #empty = h("p", { class: "soft empty" }, "Nothing is in the queue. Films are rendered one after another, and the queue is kept when the studio ends.");
  #trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  #pause = h("button", { onclick: () => studio.send(studio.renders?.paused ? "resume_renders" : "pause_renders") });
  #sum = h("p", { class: "soft", role: "status" });

  connectedCallback() {
    this.append(
      h(
        "header",
        {},
        h("h2", {}, "Render"),
        h("p", { class: "soft" }, "The whole film, in full quality."),
        h("a", { class: "button quiet", href: "#films" }, icon("film"), "Films"),
        h("a", { class: "button quiet round", href: "#", "aria-label": "Close", title: "Close (Escape)" }, icon("close")),
      ),
      h(
        "div",
        { class: "columns" },
        h("dream-render-form"),
        h("section", { "aria-label": "Queue" }, h("div", { class: "head" }, h("h3", {}, "Queue"), this.#sum, this.#pause), this.#trouble, this.#empty, this.#list),
      ),
    );
    studio.addEventListener("renders", () => this.#show());
    this.#show();
  }

  #show() {
    const { paused, jobs, trouble } = studio.renders ?? { paused: false, jobs: [], trouble: "" };
    const known = new Set(jobs.map(({ job }) => job));
    for (const [job, row] of this.#rows) {
      if (known.has(job)) continue;
      row.element.remove();
      this.#rows.delete(job);
    }
    const sorted = [...jobs].sort((one, other) => rank(one) - rank(other) || (one.state === "done" ? -1 : 1) * compare(one.job, other.job));
    sorted.forEach((job, place) => {
      if (!this.#rows.has(job.job)) this.#rows.set(job.job, new Row(job.job));
      const { element } = this.#rows.get(job.job);
      if (this.#list.children[place] !== element) this.#list.insertBefore(element, this.#list.children[place] ?? null);
      this.#rows.get(job.job).show(job, paused);
    });
    const open = jobs.filter(({ state }) => state === "waiting" || state === "rendering").length;
    this.#empty.hidden = jobs.length > 0;
    this.#pause.hidden = !open && !paused;
    this.#pause.replaceChildren(icon(paused ? "play" : "pause"), paused ? "Resume" : "Pause");
    this.#sum.textContent = paused ? "paused" : open > 1 ? `${open} films to go` : "";
    this.#trouble.hidden = !trouble;
    this.#trouble.textContent = trouble;
  }
}

function rank({ state }) {
  return ORDER.indexOf(state);
}

function compare(one, other) {
  return one < other ? -1 : 1;
}

customElements.define("dream-renders", Renders);
