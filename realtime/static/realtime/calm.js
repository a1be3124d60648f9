/**
 * No press hits another ticket than the one it was aimed at.
 *
 * Cards move: one leaves, a more urgent one comes, a notice takes room. A finger that was on its way to one ticket's
 * button would then land on a stranger's. Three rules make that impossible, for mouse, touch and keyboard:
 * - While a button is pressed nothing moves; what has to is done when it is let go, or after three seconds.
 * - A press on a button that was not at that place 0.7 s before is ignored, and the board says so beside it.
 * - So is a press of Enter on a button to which the focus was led less than 0.7 s before, because the one that had it
 *   is gone. An Enter that is held down presses once.
 */

const SETTLE_MS = 700;
const REMEMBERED_MS = 3_000;
const LONGEST_PRESS_MS = 3_000;
const RELEASE_MS = 60; // the click of a tap comes a little after its finger
const HINT_MS = 2_500;
const HINT_MARGIN = 12; // px
const GUARDED = ".ticket button, .recall-row button, .notice button, #notices-foot button";
const HOMES = ".ticket, .recall-row, .notice, #notices-foot";

/** Watches what moves on the board, and which presses were aimed at it. */
export class Calm {
  #text;
  #past = []; // how it looked before each move: {endedAt, places}
  #led = null; // where the focus was led: {key, at}
  #pressedAt = 0;
  #press = null; // the timer that ends a press
  #waiting = [];
  #settling = null;
  #hinting = null;
  #hint = document.getElementById("hint");

  /** @param {object} text the board's words */
  constructor(text) {
    this.#text = text;
    document.addEventListener("pointerdown", (event) => this.#down(event), true);
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => this.#up(), true);
    document.addEventListener("click", (event) => this.#judge(event), true);
    document.addEventListener("keydown", (event) => this.#once(event), true);
  }

  /** Do what may move buttons: now, or when the finger is up; and remember where they were. */
  change(work) {
    if (this.#press) {
      this.#waiting.push(work);
      return;
    }
    const before = places();
    work();
    const after = places();
    if (!isMoved(before, after)) return;
    const now = performance.now();
    this.#past = this.#past.filter(({ endedAt }) => now - endedAt < REMEMBERED_MS);
    this.#past.push({ endedAt: now, places: before });
    this.#settle();
  }

  /** The focus was led to another control than the one that had it. */
  led(control) {
    if (!control.matches(GUARDED) || "undo" in control.dataset) return;
    this.#led = { key: keyOf(control), at: performance.now() };
  }

  /** Say that a press did nothing, beside where it was. */
  ignore(event) {
    event.preventDefault();
    event.stopPropagation();
    const { left, bottom } = event.target.getBoundingClientRect();
    const [x, y] = event.detail ? [event.clientX, event.clientY] : [left, bottom];
    this.#hint.textContent = this.#text.moved;
    this.#hint.showPopover(); // over a dialog too
    const { offsetWidth: width, offsetHeight: height } = this.#hint;
    this.#hint.style.left = `${within(x, innerWidth - width)}px`;
    this.#hint.style.top = `${within(y - height - HINT_MARGIN, innerHeight - height)}px`;
    clearTimeout(this.#hinting);
    this.#hinting = setTimeout(() => this.#hint.hidePopover(), HINT_MS);
  }

  #down(event) {
    this.#pressedAt = event.timeStamp;
    if (!event.target.closest(GUARDED)) return;
    clearTimeout(this.#press);
    this.#press = setTimeout(() => this.#release(), LONGEST_PRESS_MS);
  }

  #up() {
    if (!this.#press) return;
    clearTimeout(this.#press);
    this.#press = setTimeout(() => this.#release(), RELEASE_MS);
  }

  #release() {
    this.#press = null;
    for (const work of this.#waiting.splice(0)) this.change(work);
  }

  #judge(event) {
    const control = event.target.closest(GUARDED);
    if (!control || "undo" in control.dataset) return; // taking back does no harm
    const isStranger = event.detail ? this.#isUnderStranger(control, event) : this.#isLed(control, event);
    if (isStranger) this.ignore(event);
  }

  #isUnderStranger(control, { clientX: x, clientY: y, timeStamp }) {
    const key = keyOf(control);
    // A finger decides when it comes down; a reader of the screen clicks without one.
    const at = timeStamp - this.#pressedAt < LONGEST_PRESS_MS ? this.#pressedAt : timeStamp;
    const recent = this.#past.filter(({ endedAt }) => at - endedAt < SETTLE_MS);
    return recent.some((past) => !past.places.some((place) => place.key === key && isIn(place, x, y)));
  }

  #isLed(control, { timeStamp }) {
    return this.#led?.key === keyOf(control) && timeStamp - this.#led.at < SETTLE_MS;
  }

  #once(event) {
    if (event.repeat && ["Enter", " "].includes(event.key) && event.target.closest(GUARDED)) event.preventDefault();
  }

  /** For the style sheet, which shows that presses may be ignored. */
  #settle() {
    document.documentElement.dataset.settling = "";
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => delete document.documentElement.dataset.settling, SETTLE_MS);
  }
}

/** Where each button is: {key, left, top, right, bottom}. */
function places() {
  return [...document.querySelectorAll(GUARDED)].map((control) => {
    const { left, top, right, bottom } = control.getBoundingClientRect();
    return { key: keyOf(control), left, top, right, bottom };
  });
}

/** Which button it is, also when its card was built anew. */
function keyOf(control) {
  const home = control.closest(HOMES);
  return [home.className, home.dataset.ticket ?? home.dataset.key, JSON.stringify(control.dataset)].join(" ");
}

/** A pixel is no move. */
function isMoved(before, after) {
  if (before.length !== after.length) return true;
  const differs = (a, b) => Math.abs(a - b) > 1;
  return before.some((was, index) => {
    const is = after[index];
    return was.key !== is.key || differs(was.left, is.left) || differs(was.top, is.top) || differs(was.right, is.right);
  });
}

function isIn({ left, top, right, bottom }, x, y) {
  return x >= left && x <= right && y >= top && y <= bottom;
}

function within(value, most) {
  return Math.max(HINT_MARGIN, Math.min(value, most - HINT_MARGIN));
}
