/** What the board says of its tickets: what came, changed, was cancelled or came back, and who was faster. */

import { filled, place, recallText, requestText, signature } from "./ticket.js";

const MOST_KEPT = 500;
const CANCELLED_MS = 1_000; // nobody goes on cooking for longer because an answer is late
const CLOCKS_MS = 5_000; // by so much what was done in the same moment may seem to be earlier

/** Finds what a cook must not miss in what the stream tells. */
export class News {
  #text;
  #notices;
  #own;
  #since;
  #userId;
  #lastMove;
  #recalls = new Map(); // ticket id → when it was last recalled, also of what has left the board
  #cancelled = new Set(); // the tickets that this board has said to stop
  #asking = new Set();

  /**
   * @param {object} board
   * @param {object} board.text the board's words
   * @param {import("./notices.js").Notices} board.notices
   * @param {import("./own.js").OwnActs} board.own
   * @param {object[]} board.tickets those that the page began with
   * @param {number} board.since the moment that they were read, in ms
   * @param {number} board.userId who is signed in
   * @param {(ticket: object, itemId: number|null) => Promise<object|null>} board.lastMove who brought it there
   */
  constructor({ text, notices, own, tickets, since, userId, lastMove }) {
    this.#text = text;
    this.#notices = notices;
    this.#own = own;
    this.#since = since;
    this.#userId = userId;
    this.#lastMove = lastMove;
    for (const ticket of tickets) this.#recalls.set(ticket.id, ticket.recalled_at);
  }

  /** Say what is new in the state after, with the eyes of who saw the state before. */
  compare(before, after) {
    for (const ticket of after.orders.values()) this.#compareTicket(before.orders.get(ticket.id), ticket);
    for (const request of after.requests.values()) {
      if (before.requests.get(request.order_id)?.id !== request.id) this.#asked(request, after);
    }
    for (const { order_id: orderId } of before.requests.values()) {
      const ticket = after.requests.has(orderId) ? null : ticketOf(orderId, before);
      if (ticket) this.#notices.drop(ticket.id, "request"); // it is decided
    }
  }

  /** A ticket of the board was cancelled. */
  cancelled(ticket) {
    keep(this.#cancelled, ticket.id);
    this.#tell("error", this.#text.ticket_cancelled, ticket, {}, CANCELLED_MS);
  }

  /** A manager, or Brigade itself, tells everybody. */
  alert(severity, message) {
    this.#notices.show(severity, message, `alert: ${message}`);
  }

  /** What was asked for can't be done. */
  refused(error, ticket) {
    if (this.#cancelled.has(ticket.id)) return; // that it is cancelled says more
    const reason = refusal(error, this.#text);
    this.#notices.show("error", filled(this.#text.refused, { number: ticket.order_number, reason }), ticket.id, "refusal");
  }

  /** The ticket changed under a bump, which was not sent. */
  takenBack(ticket) {
    this.#notices.show("warning", filled(this.#text.bump_taken_back, { number: ticket.order_number }), ticket.id);
  }

  /**
   * Somebody else did it while this board still counted down: say who, and when.
   * @param {number} tappedAt by the server's clock, in ms
   */
  async beaten(ticket, itemId, tappedAt) {
    if (this.#asking.has(ticket.id)) return;
    this.#asking.add(ticket.id);
    try {
      const move = await this.#lastMove(ticket, itemId);
      const isLate = move && Date.parse(move.at) > tappedAt - CLOCKS_MS;
      if (isLate && move.actor?.id !== this.#userId) this.#sayWho(ticket, itemId, move);
    } catch {
      // The stream has told what became of it; only who it was can't be had.
    } finally {
      this.#asking.delete(ticket.id);
    }
  }

  #sayWho(ticket, itemId, { actor, at, to, reason }) {
    const item = ticket.items.find((row) => row.id === itemId);
    const labels = {
      number: ticket.order_number,
      item: item?.name ?? "",
      name: actor?.name ?? this.#text.somebody,
      time: new Date(at).toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" }),
    };
    const severity = { cancelled: "error", recalled: "warning" }[to] ?? "info";
    const said = filled(this.#text.beaten[to], labels);
    this.#notices.show(severity, reason ? `${said} ${reason}` : said, ticket.id);
  }

  #compareTicket(before, ticket) {
    if (!before && this.#cancelled.delete(ticket.id)) this.#tell("warning", this.#text.ticket_reopened, ticket);
    else if (this.#isRecalledNow(ticket)) this.#recalled(ticket);
    else if (!before && isAnotherRound(ticket)) this.#tell("warning", this.#text.ticket_reopened, ticket);
    else if (!before) this.#came(ticket);
    else if (signature(before) !== signature(ticket)) this.#tell("warning", this.#text.ticket_changed, ticket);
  }

  /** Whether a ticket has come back since this board last saw it, or since it was opened. */
  #isRecalledNow(ticket) {
    if (this.#recalls.get(ticket.id) === ticket.recalled_at) return false;
    this.#recalls.set(ticket.id, ticket.recalled_at);
    if (this.#recalls.size > MOST_KEPT) this.#recalls.delete(this.#recalls.keys().next().value);
    return recallText(ticket, this.#text) !== "" && Date.parse(ticket.recalled_at) > this.#since;
  }

  #recalled(ticket) {
    const words = ticket.recall_reason ? this.#text.ticket_recalled_because : this.#text.ticket_recalled;
    this.#tell("warning", words, ticket, { reason: ticket.recall_reason });
  }

  #came(ticket) {
    if (ticket.status !== "pending") return;
    this.#notices.say("info", filled(this.#text.new_ticket, this.#labels(ticket)));
  }

  #asked(request, { orders }) {
    const ticket = ticketOf(request.order_id, { orders });
    if (!ticket) return;
    const said = requestText(request, this.#text);
    const message = filled(this.#text.cancel_news, { ...this.#labels(ticket), said });
    this.#notices.show("warning", message, ticket.id, "request");
  }

  #tell(severity, words, ticket, labels = {}, patienceMs = null) {
    const message = filled(words, { ...this.#labels(ticket), ...labels });
    this.#own.tell(ticket, () => this.#notices.show(severity, message, ticket.id), patienceMs);
  }

  #labels(ticket) {
    return { number: ticket.order_number, place: place(ticket, this.#text) };
  }
}

/** Why the server would not do it, in the reader's words. */
export function refusal(error, text) {
  const time = new Date(error.at).toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  if (error.byName) return filled(text.faster, { name: error.byName, time });
  return text.errors[error.reason || error.code] ?? text.errors[error.code] ?? error.detail;
}

function isAnotherRound(ticket) {
  return ticket.status !== "ready" && Date.parse(ticket.clock_at) > Date.parse(ticket.created_at);
}

function ticketOf(orderId, { orders }) {
  return [...orders.values()].find((ticket) => ticket.order_id === orderId);
}

function keep(set, value) {
  set.add(value);
  if (set.size > MOST_KEPT) set.delete(set.values().next().value);
}
