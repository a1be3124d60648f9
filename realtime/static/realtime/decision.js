/**
 * The kitchen's word on a cancellation. A dialog stands between the tap and the deed: what is cancelled can't be had
 * back, and who goes on says why. It closes by itself when another screen has decided.
 */

import { filled, place, requestText } from "./ticket.js";

/** The board's dialog. */
export class Decision {
  #text;
  #board;
  #asked = null;
  #dialog = document.getElementById("decision");
  #form = document.getElementById("decision-form");

  /**
   * @param {object} text the board's words
   * @param {object} board
   * @param {(ticket: object, request: object, decision: string, reason: string) => Promise<object>} board.send
   * @param {(error: Error, ticket: object) => void} board.refused
   */
  constructor(text, board) {
    this.#text = text;
    this.#board = board;
    this.#form.addEventListener("submit", () => this.#decide());
    document.getElementById("decision-leave").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => (this.#asked = null));
  }

  /** Ask the cook once more. @param {"accept"|"reject"} decision */
  ask(ticket, request, decision) {
    if (!request || this.#dialog.open) return;
    const reason = this.#form.elements.reason;
    const labels = { number: ticket.order_number, place: place(ticket, this.#text) };
    this.#asked = { ticket, request, decision };
    document.getElementById("decision-title").textContent = filled(this.#text.cancel_title[decision], labels);
    document.getElementById("decision-said").textContent = requestText(request, this.#text);
    document.getElementById("decision-do").textContent = this.#text[`cancel_${decision}`];
    document.getElementById("decision-reason").hidden = decision !== "reject";
    reason.required = decision === "reject";
    reason.value = "";
    this.#dialog.showModal();
  }

  /** Close where the request is not waiting any more. @param {Map<number, object>} requests by order */
  review(requests) {
    const { request } = this.#asked ?? {};
    if (request && requests.get(request.order_id)?.id !== request.id) this.#dialog.close();
  }

  async #decide() {
    const { ticket, request, decision } = this.#asked;
    try {
      await this.#board.send(ticket, request, decision, this.#form.elements.reason.value.trim());
    } catch (error) {
      this.#board.refused(error, ticket);
    }
  }
}
