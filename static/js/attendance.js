// Attendance by keys: space ticks (the browser's own), arrows lead to the next firm, typing minutes ticks; counts as it goes.
// The form works without this file.

const form = document.querySelector("[data-attendance]");

function ticks() {
  return [...form.querySelectorAll("input[type=checkbox]")];
}

function column(control) {
  return control.type === "checkbox" ? ticks() : [...form.querySelectorAll("input[name^=minutes-]")];
}

function count() {
  const shown = form.querySelector("[data-attendance-count]");
  shown.textContent = `${ticks().filter((tick) => tick.checked).length} ${shown.dataset.words}`;
}

function onKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches("input[type=checkbox], input[name^=minutes-]")) return;
  const all = column(event.target);
  const next = all[all.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  if (next.type !== "checkbox") next.select();
}

function onInput(event) {
  if (event.target.name?.startsWith("minutes-")) {
    const tick = document.getElementById(event.target.name.replace("minutes-", "there-"));
    tick.checked = Number(event.target.value) > 0;
  }
  count();
}

if (form) {
  form.addEventListener("keydown", onKey);
  form.addEventListener("input", onInput);
}
