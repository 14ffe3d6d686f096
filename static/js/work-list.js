// Keys for the work of a page: j next, k previous, Enter opens; the position is announced. Never while typing.
// All lists of a page are one way through: what is to verify, then to confirm, then to call.

const lists = [...document.querySelectorAll("[data-work-list]")];

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

function isControl(target) {
  return target.closest("button, a, summary") !== null;
}

function move(step) {
  const rows = lists.flatMap((list) => [...list.querySelectorAll("[data-work-row]")]);
  if (rows.length === 0) return;
  const here = rows.indexOf(document.activeElement?.closest("[data-work-row]"));
  const next = Math.min(rows.length - 1, Math.max(0, here + step));
  rows[next].focus();
  const status = rows[next].closest("[data-work-list]").querySelector("[data-work-status]");
  status.textContent = `${status.dataset.words} ${next + 1} / ${rows.length}`;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "Enter" && !isControl(event.target)) {
    document.activeElement?.querySelector("[data-work-open]")?.click();
  } else if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    move(event.key === "j" ? 1 : -1);
  }
}

if (lists.length > 0) {
  lists[0].querySelector("[data-work-keys]").hidden = false;
  document.addEventListener("keydown", onKey);
}
