/**
 * The recall list: what was made lately, and how to have it back. It is read afresh when it is opened, and follows the
 * stream while it is open. Whether a ticket can be recalled the server decides; here stands what is known of it.
 */

import { element, filled, place } from "./ticket.js";

const MOST_SHOWN = 50;
const MADE = ["ready", "completed"];
const PASSING = ["connection", "timeout", "rate_limited", "internal"]; // says nothing of the ticket

/** The board's list of what was made. */
export class RecallList {
  #text;
  #board;
  #known = new Map(); // ticket id → the ticket as it was last told
  #rows = new Map(); // ticket id → {node, built}
  #refused = new Map(); // ticket id → {version, said}
  #asking = null; // the ticket whose reason is being asked for
  #reason = "";
  #sending = false;
  #dialog = document.getElementById("recalls");
  #list = document.getElementById("recalls-list");

  /**
   * @param {object} text the board's words
   * @param {object} board
   * @param {number} board.withinMs how long after it was ready a ticket can be recalled
   * @param {() => Date} board.now the server's clock
   * @param {() => Promise<object[]>} board.load what was made lately
   * @param {(ticket: object, reason: string) => Promise<object>} board.send
   * @param {(error: Error) => string} board.refusal why it was refused
   * @param {(error: Error, ticket: object) => void} board.refused says so on the board
   * @param {(work: () => void) => void} board.around does what moves things
   * @param {(control: Element) => void} board.led the focus was led to a control
   * @param {() => void} board.closed
   */
  constructor(text, board) {
    this.#text = text;
    this.#board = board;
    this.#list.addEventListener("click", (event) => this.#tapped(event));
    this.#list.addEventListener("submit", (event) => this.#submitted(event));
    this.#list.addEventListener("input", (event) => (this.#reason = event.target.value));
    this.#dialog.addEventListener("keydown", (event) => this.#moveFocus(event));
    this.#dialog.addEventListener("close", () => this.#board.closed());
    document.getElementById("recalls-close").addEventListener("click", () => this.#dialog.close());
  }

  /** Show what was made. @param {object[]} tickets those that the board itself knows */
  open(tickets) {
    if (this.#dialog.open) return;
    this.#known.clear();
    this.#rows.clear();
    this.#refused.clear();
    this.#asking = null;
    for (const ticket of tickets) this.#put(ticket);
    this.#dialog.showModal();
    this.#draw();
    this.refresh();
  }

  /** Read the list afresh, where it is open. */
  async refresh() {
    if (!this.#dialog.open) return;
    this.#say(this.#text.recalls_loading);
    try {
      for (const ticket of await this.#board.load()) this.#put(ticket);
      this.#say("");
    } catch (error) {
      this.#say(this.#board.refusal(error));
    }
    this.#board.around(() => this.#draw());
    if (document.activeElement === document.getElementById("recalls-close")) this.#buttons()[0]?.focus();
  }

  /** Something became of a ticket. */
  hear(ticket) {
    if (!this.#dialog.open) return;
    this.#put(ticket);
    this.#board.around(() => this.#draw());
  }

  /** Time passes: what could be recalled can't be any more. */
  tick() {
    if (this.#dialog.open) this.#board.around(() => this.#draw());
  }

  #put(ticket) {
    const known = this.#known.get(ticket.id);
    if (!known || known.version <= ticket.version) this.#known.set(ticket.id, ticket);
  }

  #made() {
    const made = [...this.#known.values()].filter((ticket) => MADE.includes(ticket.status) && ticket.ready_at);
    const newest = (a, b) => Date.parse(b.ready_at) - Date.parse(a.ready_at) || b.id - a.id;
    return made.sort(newest).slice(0, MOST_SHOWN);
  }

  /** Only rows that changed are built anew; what is being typed stays. */
  #draw() {
    const focused = document.activeElement;
    const twin = JSON.stringify(focused?.dataset ?? {});
    const home = focused?.closest(".recall-row")?.dataset.ticket;
    const made = this.#made();
    this.#leaveWhatIsGone(made);
    const rows = made.map((ticket) => this.#row(ticket));
    for (const [index, row] of rows.entries()) {
      if (this.#list.children[index] !== row) this.#list.insertBefore(row, this.#list.children[index] ?? null);
    }
    while (this.#list.children.length > rows.length) this.#list.lastElementChild.remove();
    document.getElementById("recalls-empty").hidden = rows.length > 0;
    if (home) this.#restoreFocus(focused, home, twin);
  }

  #leaveWhatIsGone(made) {
    const gone = this.#known.get(this.#asking);
    if (!gone || made.some(({ id }) => id === this.#asking)) return;
    this.#asking = null;
    if (!this.#sending) this.#say(filled(this.#text.recall_gone, { number: gone.order_number }));
  }

  #restoreFocus(focused, ticketId, twin) {
    if (document.activeElement === focused && focused.isConnected && !focused.disabled) return;
    const row = this.#list.querySelector(`[data-ticket="${ticketId}"]`);
    const controls = [...(row?.querySelectorAll("button:enabled, input") ?? [])];
    const same = controls.find(({ dataset }) => JSON.stringify(dataset) === twin);
    const next = same ?? controls[0] ?? document.getElementById("recalls-close");
    next.focus();
    if (!same) this.#board.led(next);
  }

  #row(ticket) {
    const [isAsked, why] = [ticket.id === this.#asking, this.#whyNot(ticket)];
    const built = JSON.stringify([ticket, why, isAsked, isAsked && this.#sending]);
    const known = this.#rows.get(ticket.id);
    if (known?.built === built) return known.node;
    const node = element("li", { class: "recall-row", "data-ticket": ticket.id }, this.#what(ticket), this.#act(ticket, why, isAsked));
    this.#rows.set(ticket.id, { node, built });
    return node;
  }

  #what(ticket) {
    const wanted = ticket.items.filter((item) => item.status !== "cancelled" && item.change?.kind !== "voided");
    const items = wanted.map((item) => `${item.quantity}× ${item.name}`).join(", ");
    const time = new Date(ticket.ready_at).toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
    return element(
      "div",
      { class: "recall-what" },
      element("h3", { id: `recall-${ticket.id}` }, `${ticket.order_number} ${place(ticket, this.#text)}`),
      element("p", {}, items),
      element("p", { class: "recall-when" }, filled(this.#text.recall_ready, { time })),
    );
  }

  #act(ticket, why, isAsked) {
    if (why) return element("p", { class: "recall-why" }, why);
    if (isAsked) return this.#form();
    return this.#button(ticket.id, "recall", "button", "action", this.#text.recall);
  }

  #button(ticketId, does, type, kind, label) {
    return element("button", { type, class: kind, "data-does": does, "aria-describedby": `recall-${ticketId}` }, label);
  }

  #form() {
    const options = { name: "reason", maxlength: 500, autocomplete: "off", list: "recall-reasons", "data-does": "reason" };
    const reason = element("input", options);
    reason.value = this.#reason;
    const leave = this.#button(this.#asking, "leave", "button", "action", this.#text.recall_leave);
    const send = this.#button(this.#asking, "send", "submit", "action action-bump", this.#text.recall_send);
    send.disabled = this.#sending;
    return element("form", { class: "recall-form" }, element("label", {}, this.#text.recall_why, reason), leave, send);
  }

  #whyNot(ticket) {
    const refused = this.#refused.get(ticket.id);
    if (refused?.version === ticket.version) return refused.said;
    const { withinMs, now } = this.#board;
    const isLate = now().getTime() - Date.parse(ticket.ready_at) > withinMs;
    return isLate ? this.#text.errors.too_late : "";
  }

  #tapped(event) {
    const does = event.target.closest("button")?.dataset.does;
    if (!["recall", "leave"].includes(does)) return;
    this.#asking = does === "recall" ? Number(event.target.closest(".recall-row").dataset.ticket) : null;
    const row = event.target.closest(".recall-row").dataset.ticket;
    this.#reason = "";
    this.#say("");
    this.#draw();
    this.#list.querySelector(`[data-ticket="${row}"] :is(input, [data-does=recall])`)?.focus();
  }

  async #submitted(event) {
    event.preventDefault();
    const ticket = this.#known.get(this.#asking);
    if (!ticket || this.#sending) return;
    this.#sending = true;
    this.#draw();
    try {
      await this.#board.send(ticket, this.#reason.trim());
      this.#dialog.close();
    } catch (error) {
      this.#failed(ticket, error);
    } finally {
      this.#sending = false;
      this.#draw();
    }
  }

  #failed(ticket, error) {
    if (!this.#dialog.open) {
      this.#board.refused(error, ticket);
      return;
    }
    const isReason = error.errors?.length > 0;
    const said = isReason ? this.#text.recall_reason_refused : this.#board.refusal(error);
    this.#say(filled(this.#text.refused, { number: ticket.order_number, reason: said }));
    if (isReason || PASSING.includes(error.code)) return; // it may be tried again
    this.#refused.set(ticket.id, { version: ticket.version, said });
    this.#asking = null;
  }

  #say(what) {
    document.getElementById("recalls-said").textContent = what;
  }

  #buttons() {
    return [...this.#list.querySelectorAll("[data-does=recall]")];
  }

  /** Arrow keys go from one ticket that can be recalled to the next; R closes the list that it has opened. */
  #moveFocus(event) {
    if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key.toLowerCase() === "r") {
      event.stopPropagation();
      if (!event.repeat) this.#dialog.close(); // the press that opened it may still be held
      return;
    }
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = this.#buttons();
    const at = buttons.indexOf(document.activeElement);
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
  }
}
