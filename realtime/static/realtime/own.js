/**
 * What this board did itself is no news to it.
 *
 * The stream tells of a change to everybody, also to who made it, and often before the command's own answer is there.
 * So while a command is on its way nobody knows yet whose change it is that arrives: its notice waits for the answer,
 * which names the ticket's version. Each unit of work raises that by one: the same version is the same change.
 */

const MOST_KEPT = 500;

/** Knows this board's own changes. */
export class OwnActs {
  #done;
  #sending = new Map(); // ticket id → how many commands are on their way
  #own = new Map(); // ticket id → the versions that are ours
  #waiting = []; // what is told as soon as it is known whose it is

  /** @param {(ticketId: number) => void} done a command was carried out */
  constructor(done) {
    this.#done = done;
  }

  /**
   * Wait for a command's answer, and know what it changed for one's own.
   * @param {number} ticketId
   * @param {Promise<{version?: number}>} sending
   * @param {boolean} [isAll] whether all that becomes of the ticket is ours: it was cancelled here
   */
  async send(ticketId, sending, isAll = false) {
    this.#sending.set(ticketId, (this.#sending.get(ticketId) ?? 0) + 1);
    try {
      const answer = await sending;
      this.#note(ticketId, isAll ? "all" : answer.version);
      this.#done(ticketId);
      return answer;
    } finally {
      this.#answered(ticketId);
    }
  }

  /**
   * Tell what became of a ticket unless it was this board's doing.
   * @param {object} ticket
   * @param {() => void} tell
   * @param {number|null} [patienceMs] how long that may wait for the answer of a command, if not until it comes
   */
  tell({ id, version }, tell, patienceMs = null) {
    if (!this.#sending.has(id)) {
      if (!this.#isOwn(id, version)) tell();
      return;
    }
    const news = { id, version, tell };
    this.#waiting.push(news);
    if (patienceMs !== null) setTimeout(() => this.#tellNow(news), patienceMs);
  }

  #tellNow(news) {
    if (!this.#waiting.includes(news)) return;
    this.#waiting = this.#waiting.filter((other) => other !== news);
    news.tell();
  }

  #note(ticketId, version) {
    const versions = this.#own.get(ticketId) ?? new Set();
    this.#own.delete(ticketId);
    this.#own.set(ticketId, versions.add(version));
    if (this.#own.size > MOST_KEPT) this.#own.delete(this.#own.keys().next().value);
  }

  #isOwn(ticketId, version) {
    const versions = this.#own.get(ticketId);
    return Boolean(versions?.has(version) || versions?.has("all"));
  }

  #answered(ticketId) {
    const left = this.#sending.get(ticketId) - 1;
    if (left) {
      this.#sending.set(ticketId, left);
      return;
    }
    this.#sending.delete(ticketId);
    const known = this.#waiting.filter(({ id }) => id === ticketId);
    this.#waiting = this.#waiting.filter(({ id }) => id !== ticketId);
    for (const { id, version, tell } of known) if (!this.#isOwn(id, version)) tell();
  }
}
