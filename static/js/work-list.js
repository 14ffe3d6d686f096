// Keys for a list of work: j next, k previous, Enter opens; the position is announced. Never while typing.

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable], button, a, summary") !== null;
}

function move(list, step) {
  const rows = [...list.querySelectorAll("[data-work-row]")];
  if (rows.length === 0) return;
  const here = rows.indexOf(document.activeElement?.closest("[data-work-row]"));
  const next = Math.min(rows.length - 1, Math.max(0, here + step));
  rows[next].focus();
  const status = list.querySelector("[data-work-status]");
  status.textContent = `${status.dataset.words} ${next + 1} / ${rows.length}`;
}

function onKey(list, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inControl = isTyping(event.target);
  if (event.key === "Enter" && !inControl) {
    document.activeElement?.querySelector("[data-work-open]")?.click();
  } else if (event.target.closest("input, select, textarea") === null && (event.key === "j" || event.key === "k")) {
    event.preventDefault();
    move(list, event.key === "j" ? 1 : -1);
  }
}

for (const list of document.querySelectorAll("[data-work-list]")) {
  list.querySelector("[data-work-keys]").hidden = false;
  document.addEventListener("keydown", (event) => onKey(list, event));
}
