/**
 * Taps that can still be taken back.
 *
 * What is done in the kitchen can't be undone by its state machine: an item that is ready stays ready. So a tap
 * is not sent at once and reversed later; it is shown with a countdown, sent when five seconds have passed, and until
 * then an undo costs nothing and no other screen has seen anything. Three rules keep that honest:
 * - It is sent only while the board is live. Without a connection it is held, says so, and can still be undone.
 * - It is sent only for what the cook saw: a ticket that changed meanwhile takes its bump back, loudly.
 * - When the page is left it is sent right away, by a request that outlives the page.
 */

import { isOpen, signature } from "./ticket.js";

export const UNDO_MS = 5_000;

const STEPS_TO_READY = { pending: ["preparing", "ready"], acknowledged: ["preparing", "ready"], preparing: ["ready"] };
const RANK = ["pending", "acknowledged", "preparing", "ready", "completed"];

/**
 * @typedef {object} Bump
 * @property {number} ticketId
 * @property {number|null} itemId null: the whole ticket
 * @property {number[]} itemIds what is made by it: of a whole ticket all but what is held
 * @property {string} status what it will be
 * @property {string} seen signature of the ticket under the finger
 * @property {object} ticket the ticket as it was under the finger
 * @property {number} dueAt
 * @property {"counting"|"held"|"sending"|"sent"} phase
 */

/** Holds the taps of this screen until they are sent. */
export class Bumps {
  #bumps = new Map();
  #board;

  /**
   * @param {object} board
   * @param {(id: number) => object|undefined} board.ticket the ticket as it is now
   * @param {() => boolean} board.isLive
   * @param {(ticket: object, status: string, version: number) => Promise<object>} board.setStatus
   * @param {(ticket: object, itemId: number, status: string) => Promise<object>} board.setItemStatus
   * @param {(ticket: object, itemIds: number[], status: string, version: number) => Promise<object>} board.setItemStatuses
   * @param {(ticketId: number) => void} board.show the ticket's taps changed
   * @param {(error: Error, ticket: object) => void} board.refused
   * @param {(ticket: object) => void} board.takenBack the ticket changed under a bump
   * @param {(ticket: object, itemId: number|null, tappedAt: number) => void} board.beaten somebody else did it
   *   meanwhile, or undid what it was built on: to one item, or to the whole ticket
   */
  constructor(board) {
    this.#board = board;
  }

  /** The taps that wait on a ticket. @returns {Bump[]} */
  of(ticketId) {
    return [...this.#bumps.values()].filter((bump) => bump.ticketId === ticketId);
  }

  /** Note a tap; one on the whole ticket takes the place of those on its items. */
  add(ticket, status, itemId = null) {
    if (itemId === null) {
      for (const bump of this.of(ticket.id)) if (bump.phase !== "sending") this.#forget(bump);
    }
    const bump = {
      key: `${ticket.id}/${itemId ?? ""}`,
      ticketId: ticket.id,
      itemId,
      itemIds: itemId === null ? ticket.items.filter(isOpen).map((item) => item.id) : [itemId],
      status,
      seen: signature(ticket),
      ticket,
      dueAt: Date.now() + UNDO_MS,
      phase: "counting",
      triedVersion: 0,
    };
    this.#bumps.set(bump.key, bump);
    bump.timer = setTimeout(() => this.#due(bump), UNDO_MS);
    this.#board.show(ticket.id);
  }

  /** Take a tap back. @returns {boolean} false when it is on its way already */
  undo(ticketId, itemId = null) {
    const bump = this.#bumps.get(`${ticketId}/${itemId ?? ""}`);
    if (!bump || bump.phase === "sending" || bump.phase === "sent") return false;
    this.#forget(bump);
    this.#board.show(ticketId);
    return true;
  }

  /** Look at every waiting tap again: the tickets or the connection changed. */
  review() {
    for (const bump of [...this.#bumps.values()]) {
      const ticket = this.#board.ticket(bump.ticketId);
      if (bump.phase === "sending") continue;
      if (!ticket || this.#isDone(bump, ticket)) this.#lose(bump, ticket);
      else if (bump.phase === "sent") continue;
      else if (bump.status === "completed" && ticket.status !== "ready") this.#lose(bump, ticket); // it was recalled
      else if (signature(ticket) !== bump.seen) this.#takeBack(bump, ticket);
      else if (bump.phase === "held" && ticket.version > bump.triedVersion) this.#due(bump);
    }
  }

  /** Everything that waits, for the moment in which the page goes. @returns {Array<{ticket: object, bump: Bump}>} */
  drain() {
    const waiting = [...this.#bumps.values()].filter((bump) => ["counting", "held"].includes(bump.phase));
    waiting.forEach((bump) => this.#forget(bump));
    return waiting
      .map((bump) => ({ bump, ticket: this.#board.ticket(bump.ticketId) }))
      .filter(({ bump, ticket }) => ticket && signature(ticket) === bump.seen);
  }

  #due(bump) {
    if (this.#bumps.get(bump.key) !== bump) return;
    const ticket = this.#board.ticket(bump.ticketId);
    if (!ticket || this.#isDone(bump, ticket)) {
      this.#lose(bump, ticket);
    } else if (this.#board.isLive()) {
      this.#send(bump, ticket);
      return;
    } else {
      bump.phase = "held";
    }
    this.#board.show(bump.ticketId);
  }

  async #send(bump, ticket) {
    bump.phase = "sending";
    bump.triedVersion = ticket.version;
    this.#board.show(bump.ticketId);
    try {
      bump.sentVersion = (await this.#carryOut(bump, ticket)).version;
      bump.phase = "sent"; // stays shown until the stream says the same
    } catch (error) {
      this.#failed(bump, ticket, error);
    }
    this.review();
    this.#board.show(bump.ticketId);
  }

  async #carryOut(bump, ticket) {
    if (bump.itemId !== null) return this.#board.setItemStatus(ticket, bump.itemId, bump.status);
    if (bump.status === "ready" && ticket.items.some((item) => item.held)) {
      return this.#board.setItemStatuses(ticket, bump.itemIds, "ready", ticket.version);
    }
    let answer = ticket;
    const steps = bump.status === "ready" ? STEPS_TO_READY[ticket.status] : [bump.status];
    // The version makes sure that nothing joined the ticket between what the cook saw and the bump.
    for (const step of steps) answer = await this.#board.setStatus(ticket, step, answer.version);
    return answer;
  }

  #failed(bump, ticket, error) {
    const raced = error.code === "stale" || error.reason === "stale";
    const unanswered = ["connection", "timeout"].includes(error.code);
    if (raced || unanswered) {
      // Raced: somebody else touched the ticket in the same moment, and the news is under way. Unanswered: it may
      // or may not have arrived; what the ticket says once the board is live again decides.
      bump.phase = "held";
      if (unanswered) bump.triedVersion = 0;
      return;
    }
    this.#forget(bump);
    this.#board.refused(error, ticket);
  }

  /** Forget a tap that has nothing left to do; one that was still waiting had somebody faster than it. */
  #lose(bump, ticket) {
    this.#forget(bump);
    if (bump.phase === "sent") return;
    const isWhole = bump.itemId === null || !ticket || RANK.indexOf(ticket.status) >= RANK.indexOf("ready");
    this.#board.beaten(bump.ticket, isWhole ? null : bump.itemId, bump.dueAt - UNDO_MS);
  }

  #takeBack(bump, ticket) {
    this.#forget(bump);
    this.#board.takenBack(ticket);
    this.#board.show(ticket.id);
  }

  #isDone(bump, ticket) {
    if (bump.phase === "sent") return ticket.version >= bump.sentVersion;
    const isMade = (id) => !ticket.items.some((item) => item.id === id && isOpen(item));
    if (bump.itemId !== null) return isMade(bump.itemId);
    if (RANK.indexOf(ticket.status) >= RANK.indexOf(bump.status)) return true;
    return bump.status === "ready" && bump.itemIds.length > 0 && bump.itemIds.every(isMade);
  }

  #forget(bump) {
    clearTimeout(bump.timer);
    if (this.#bumps.get(bump.key) === bump) this.#bumps.delete(bump.key);
  }
}
