/**
 * How a ticket looks. The server renders the first state with templates/kitchen/ticket.html; what is built
 * here is the same to the letter (a test compares the two), so that nothing jumps when the script takes over.
 */

const PRIORITIES = ["vip", "express", "normal"];
const DONE = ["ready", "cancelled"];
/** What a dish is asked without, in the languages of the menus: it must not be read as an addition. */
const REMOVAL = /^(?:no|without|hold|ohne|kein|keine|keinen)\s|^[-−]/i;

/** What each status of a ticket offers: [status that the button sets, key of its text]. */
const ACTIONS = {
  pending: [["acknowledged", "claim"], ["preparing", "start"], ["ready", "bump"]],
  acknowledged: [["preparing", "start"], ["ready", "bump"]],
  preparing: [["ready", "bump"]],
  ready: [["completed", "clear"]],
};

/** Build an element; attributes that are null are left out. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Fill the {names} of a text. */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Tickets as the kitchen takes them: by priority, then the oldest first. */
export function inOrder(tickets) {
  const rank = (ticket) => PRIORITIES.indexOf(ticket.priority);
  return [...tickets].sort(
    (a, b) => rank(a) - rank(b) || Date.parse(a.clock_at) - Date.parse(b.clock_at) || a.id - b.id,
  );
}

/** How long the guest has waited; for a ready ticket, how long it has stood at the pass. */
export function ageSeconds(ticket, now) {
  const from = ticket.status === "ready" && ticket.ready_at ? ticket.ready_at : ticket.clock_at;
  return Math.max(0, Math.floor((now.getTime() - Date.parse(from)) / 1000));
}

/** The ticket itself says from when on it is slow, and late, so that every screen and report agrees. */
export function pace(ticket, now) {
  if (ticket.status === "ready") return "ready";
  const isPast = (moment) => moment !== null && now.getTime() >= Date.parse(moment);
  if (isPast(ticket.late_at)) return "late";
  return isPast(ticket.warn_at) ? "warn" : "ok";
}

/** 754 seconds as 12:34, 3754 as 1:02:34. */
export function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Where the food goes: the table, or the way it leaves the house. */
export function place(ticket, text) {
  return ticket.table_name ? filled(text.table, { name: ticket.table_name }) : text.channels[ticket.channel];
}

/** What may no longer be changed unseen under a finger that is about to bump. */
export function signature(ticket) {
  const items = ticket.items.map((item) => [
    item.id, item.name, item.quantity, item.modifiers, item.special_instructions, item.allergens, item.allergy_alert,
    item.held, item.status === "cancelled",
  ]);
  return JSON.stringify([items, ticket.notes, ticket.allergies]);
}

/** Whether a line still has to be made. */
export function isOpen(item) {
  return !DONE.includes(item.status) && !item.held;
}

/** Whether nobody has confirmed yet that the guest's allergy was seen to: before that it can't be ready, nor go out. */
export function asksForWord(item) {
  const isWanted = item.status !== "cancelled" && item.change?.kind !== "voided" && !item.held;
  return isWanted && item.allergy_alert.length > 0 && !item.allergy_confirmed_by_name;
}

/** The course that is fired next; undefined where none is held. */
function heldCourse(ticket) {
  const held = ticket.items.filter((item) => item.held && !DONE.includes(item.status));
  return held.map((item) => item.course).sort((a, b) => a - b)[0];
}

/** What the contract last did to a line, as long as it matters to who makes it. */
function changeText({ change, status }, text) {
  if (!change || DONE.includes(status) !== (change.kind === "voided") || status === "cancelled") return "";
  const fields = Object.keys(change.fields).map((name) => text.fields[name] ?? name);
  return filled(text.changes[change.kind], { fields: fields.join(", ") });
}

/** That a ticket in work was made once already, and why it came back; empty for all others. */
export function recallText(ticket, text) {
  if (ticket.status !== "preparing" || !ticket.recalled_at) return "";
  return ticket.recall_reason ? filled(text.recalled_because, { reason: ticket.recall_reason }) : text.recalled;
}

/** Who asks for the ticket to be cancelled, and why. */
export function requestText(request, text) {
  return filled(text.cancel_said, { name: request.requested_by_name, reason: request.reason });
}

/**
 * Build a ticket's card.
 * @param {{text: object, now: Date}} context
 * @param {object} [request] the cancellation that waits for the kitchen's word
 */
export function ticketCard(ticket, context, request) {
  const { text, now } = context;
  const name = `ticket-${ticket.id}-name`;
  const card = element(
    "article",
    {
      class: "ticket",
      id: `ticket-${ticket.id}`,
      "data-ticket": ticket.id,
      "data-status": ticket.status,
      "data-pace": pace(ticket, now),
      "data-priority": ticket.priority,
      "aria-labelledby": name,
    },
    head(ticket, name, context),
    tags(ticket, text),
    ticket.allergies.length ? loud("ticket-allergies", text.allergy, ticket.allergies.join(", ")) : null,
    request ? cancellation(ticket, request, text) : null,
    ticket.notes ? element("p", { class: "ticket-notes" }, ticket.notes) : null,
    element("ol", { class: "lines" }, ...ticket.items.map((item) => line(ticket, item, text))),
    actions(ticket, text),
  );
  return card;
}

/** Bring a card's clock up to date without building it anew. */
export function updateClock(card, ticket, { text, now }) {
  const rate = pace(ticket, now);
  card.querySelector(".ticket-age").textContent = clock(ageSeconds(ticket, now));
  if (card.dataset.pace === rate) return;
  card.dataset.pace = rate;
  card.querySelector(".ticket-pace").textContent = text.paces[rate];
}

function head(ticket, name, { text, now }) {
  return element(
    "header",
    { class: "ticket-head" },
    element(
      "h3",
      { class: "ticket-name", id: name },
      element("span", { class: "ticket-number" }, ticket.order_number),
      " ",
      element("span", { class: "ticket-place" }, place(ticket, text)),
    ),
    element(
      "p",
      { class: "ticket-clock" },
      element("span", { class: "ticket-pace" }, text.paces[pace(ticket, now)]),
      " ",
      element("span", { class: "ticket-age" }, clock(ageSeconds(ticket, now))),
    ),
  );
}

function tags(ticket, text) {
  const urgent = ticket.priority === "normal" ? null : tag(`tag tag-${ticket.priority}`, text.priorities[ticket.priority]);
  const way = ticket.table_name ? tag("tag", text.channels[ticket.channel]) : null;
  const claimed = ticket.chef_name ? tag("tag", filled(text.claimed_by, { name: ticket.chef_name })) : null;
  const said = recallText(ticket, text);
  const recalled = said ? tag("tag tag-recalled", said) : null;
  const status = tag("tag tag-status", text.statuses[ticket.status]);
  return element("ul", { class: "tags" }, recalled, urgent, status, way, claimed);
}

function tag(kind, label) {
  return element("li", { class: kind }, label);
}

function loud(kind, label, what) {
  return element("p", { class: kind }, element("strong", {}, label), " ", what);
}

function cancellation(ticket, request, text) {
  const decide = (decision) =>
    element(
      "button",
      {
        type: "button",
        class: `action action-${decision}`,
        "data-decides": decision,
        "aria-describedby": `ticket-${ticket.id}-name`,
      },
      text[`cancel_${decision}`],
    );
  return element(
    "div",
    { class: "ticket-request", "data-request": request.id },
    element("p", { class: "request-said" }, element("strong", {}, text.cancel_asked), " ", requestText(request, text)),
    decide("accept"),
    decide("reject"),
  );
}

function line(ticket, item, text) {
  const done = item.status === "ready";
  const closed = DONE.includes(item.status) || item.held || ticket.status === "ready";
  const button = element(
    "button",
    {
      type: "button",
      class: "line-button",
      "data-item": item.id,
      "aria-pressed": done ? "true" : "false",
      disabled: closed ? "" : null,
    },
    element("span", { class: "line-quantity" }, `${item.quantity}×`),
    " ",
    body(item, text),
  );
  const state = item.held ? "held" : item.status;
  const confirm = asksForWord(item) ? confirmation(ticket, item, text) : null;
  return element("li", { class: "line", "data-state": state }, button, confirm);
}

function confirmation(ticket, item, text) {
  return element(
    "button",
    {
      type: "button",
      class: "action action-confirm",
      "data-confirms": item.id,
      "aria-describedby": `ticket-${ticket.id}-name`,
    },
    text.allergy_confirm,
  );
}

function lineState(item, text) {
  if (item.held) return filled(text.held, { course: item.course });
  return text.item_statuses[item.status];
}

function body(item, text) {
  const parts = [
    element("span", { class: "line-name" }, item.name),
    element("span", { class: "line-state" }, lineState(item, text)),
  ];
  const change = changeText(item, text);
  if (change) parts.push(element("span", { class: "line-change" }, change));
  for (const { name } of item.modifiers) {
    const removed = REMOVAL.test(name);
    parts.push(element("span", { class: removed ? "line-modifier line-removed" : "line-modifier" }, `${removed ? "−" : "+"} ${name}`));
  }
  if (item.special_instructions) parts.push(element("span", { class: "line-instructions" }, item.special_instructions));
  if (item.allergy_alert.length) parts.push(warning("line-alert", text.allergy, item.allergy_alert));
  if (item.allergy_confirmed_by_name) {
    const said = filled(text.allergy_confirmed, { name: item.allergy_confirmed_by_name });
    parts.push(element("span", { class: "line-confirmed" }, said));
  }
  if (item.allergens.length) parts.push(warning("line-allergens", text.contains, item.allergens));
  if (item.station_name) parts.push(element("span", { class: "line-station" }, item.station_name));
  return element("span", { class: "line-body" }, ...parts.flatMap((part) => [part, " "]));
}

function warning(kind, label, names) {
  return element("span", { class: kind }, element("strong", {}, label), " ", names.join(", "));
}

function actions(ticket, text) {
  const isAny = ticket.status === "ready" || ticket.items.some(isOpen);
  const offered = ACTIONS[ticket.status].filter(([, key]) => isAny || key !== "bump");
  const course = heldCourse(ticket);
  const fire =
    course === undefined
      ? null
      : element(
          "button",
          { type: "button", class: "action action-fire", "data-fires": course, "aria-describedby": `ticket-${ticket.id}-name` },
          filled(text.fire, { course }),
        );
  const buttons = offered.map(([status, key]) =>
    element(
      "button",
      { type: "button", class: `action action-${key}`, "data-sets": status, "aria-describedby": `ticket-${ticket.id}-name` },
      text.actions[key],
    ),
  );
  return element("footer", { class: "ticket-actions" }, fire, ...buttons);
}
