/**
 * What just happened, for the eyes and for the ears.
 *
 * There is one notice for each ticket: a newer one takes the place of the older. What needs no act goes by itself; what
 * was cancelled or changed stays until somebody has seen it. The list itself is no live region: each notice is said
 * once, when it comes, and one that moves up because another was dismissed is not said again.
 */

import { element, filled } from "./ticket.js";

const MOST_SHOWN = 4;
const GOES_AFTER_MS = 8_000;
const MOST_SAID = 3;

/** The notices of the board. */
export class Notices {
  #text;
  #around;
  #rows = new Map(); // key → {node, kind}
  #section = document.getElementById("notices");
  #list = document.getElementById("notice-list");
  #foot = document.getElementById("notices-foot");

  /**
   * @param {object} text the board's words
   * @param {(work: () => void) => void} around does what moves things on the screen
   */
  constructor(text, around) {
    this.#text = text;
    this.#around = around;
    this.#list.addEventListener("click", (event) => this.#dismissed(event));
    document.getElementById("notices-clear").addEventListener("click", () => this.#clear());
  }

  /**
   * Show a notice, and say it.
   * @param {"info"|"warning"|"error"} severity `info` goes by itself
   * @param {string} message
   * @param {string|number} [key] what it is about, as a ticket's id; a newer notice about the same takes its place
   * @param {string} [kind] by which `drop` knows it
   */
  show(severity, message, key = message, kind = "") {
    this.say(severity, message);
    this.#around(() => {
      const node = this.#node(severity, message, key);
      const before = this.#rows.get(String(key))?.node;
      const hadFocus = before?.contains(document.activeElement);
      before?.remove();
      this.#rows.set(String(key), { node, kind });
      this.#list.prepend(node);
      this.#arrange();
      if (hadFocus) node.querySelector("button").focus({ preventScroll: true });
      if (severity === "info") this.#letGo(String(key), node);
    });
  }

  /** Say something to who can't see it: at once where it matters, else when there is a pause. */
  say(severity, message) {
    const region = document.getElementById(severity === "info" ? "announcer" : "alarm");
    region.append(element("p", {}, message));
    while (region.children.length > MOST_SAID) region.firstElementChild.remove();
  }

  /** Take away a notice that doesn't hold any more, if it is of that kind. */
  drop(key, kind) {
    if (this.#rows.get(String(key))?.kind === kind) this.#around(() => this.#remove(String(key)));
  }

  #node(severity, message, key) {
    const dismiss = element("button", { type: "button", class: "notice-dismiss", "aria-label": this.#text.dismiss }, "×");
    const label = element("strong", { class: "notice-kind" }, this.#text.severities[severity] ?? this.#text.severities.info);
    const said = element("p", { class: "notice-said" }, label, " ", message);
    return element("li", { class: "notice", "data-severity": severity, "data-key": key }, said, dismiss);
  }

  /** Not while somebody reads it, nor before it could be read. */
  #letGo(key, node) {
    setTimeout(() => {
      if (this.#rows.get(key)?.node !== node) return;
      const isRead = node.hidden || document.hidden || node.matches(":hover, :focus-within");
      if (isRead) this.#letGo(key, node);
      else this.#around(() => this.#remove(key));
    }, GOES_AFTER_MS);
  }

  #dismissed(event) {
    const notice = event.target.closest(".notice-dismiss")?.closest(".notice");
    if (notice) this.#around(() => this.#remove(notice.dataset.key));
  }

  #clear() {
    this.#around(() => {
      for (const key of [...this.#rows.keys()]) this.#remove(key);
    });
    document.getElementById("main").focus({ preventScroll: true });
  }

  #remove(key) {
    const { node } = this.#rows.get(key) ?? {};
    if (!node) return; // it went by itself while a finger was down
    const hadFocus = node.contains(document.activeElement);
    const neighbour = node.nextElementSibling ?? node.previousElementSibling;
    this.#rows.delete(key);
    node.remove();
    this.#arrange();
    if (hadFocus) (neighbour?.querySelector("button") ?? document.getElementById("main")).focus({ preventScroll: true });
  }

  #arrange() {
    const nodes = [...this.#list.children];
    nodes.forEach((node, index) => (node.hidden = index >= MOST_SHOWN));
    const more = Math.max(0, nodes.length - MOST_SHOWN);
    document.getElementById("notices-more").textContent = more ? filled(this.#text.more_notices, { count: more }) : "";
    this.#foot.hidden = nodes.length < 2;
    this.#section.hidden = nodes.length === 0;
  }
}
