// A scoring sheet that saves as it is typed and can be filled in by keys alone. Without this file the buttons do it all.
// Each save carries the version that it was drawn from: another window's newer version is never overwritten.

const PAUSE_MS = 500;
const AGAIN_MS = 5000;

const form = document.querySelector("[data-score-sheet]");
const status = form.querySelector("[data-sheet-status]");
const scales = [...form.querySelectorAll("[data-mark-scale]")];

let timer = 0;
let typed = 0; // counts changes: what was typed while a save was on its way is saved after it
let saved = 0;
let running = null;
let stale = false;

function say(words) {
  status.textContent = words;
}

function changed(pause = PAUSE_MS) {
  typed += 1;
  if (stale) return;
  say(form.dataset.typing);
  clearTimeout(timer);
  timer = setTimeout(save, pause);
}

function show(answer) {
  form.elements.version.value = answer.version;
  form.querySelector("[data-sheet-left]").textContent = answer.left;
  form.querySelector("[data-sheet-points]").textContent = answer.points;
}

async function post(upTo) {
  const reply = await fetch(form.dataset.save, {
    method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, keepalive: true,
  });
  const answer = await reply.json();
  if (!reply.ok) {
    stale = true; // the page says why; whatever was typed stays in the form
    say(answer.message);
    return;
  }
  saved = upTo;
  show(answer);
  say(typed === saved ? answer.saved : form.dataset.typing);
}

async function save() {
  clearTimeout(timer);
  if (running) await running;
  if (stale || typed === saved) return;
  running = post(typed).catch(() => {
    say(form.dataset.offline);
    timer = setTimeout(save, AGAIN_MS);
  });
  await running;
  running = null;
  if (!stale && typed !== saved && navigator.onLine) timer = setTimeout(save, PAUSE_MS);
}

// A save on its way would make the version of the sent form old: it is waited for.
form.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (running) {
    event.preventDefault();
    await running;
    form.requestSubmit(event.submitter);
    return;
  }
  form.dataset.sent = "yes";
  saved = typed;
});

form.addEventListener("input", (event) => changed(event.target.type === "radio" ? 50 : PAUSE_MS));
window.addEventListener("online", save);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
window.addEventListener("pageshow", () => delete form.dataset.sent);
window.addEventListener("beforeunload", (event) => {
  if (typed === saved) return;
  save();
  event.preventDefault();
});

function isWriting(target) {
  return target.closest("textarea, select, input:not([type=radio])") !== null;
}

function here() {
  return scales.indexOf(document.activeElement?.closest("[data-mark-scale]"));
}

function focusOn(place) {
  const scale = scales[place];
  if (!scale) {
    form.elements.comment.focus();
    return;
  }
  (scale.querySelector("input:checked") ?? scale.querySelector("input")).focus();
}

function mark(value) {
  const first = scales.findIndex((scale) => !scale.querySelector("input:checked"));
  const place = here() >= 0 ? here() : Math.max(0, first);
  const choice = scales[place].querySelector(`input[value="${value}"]`);
  choice.checked = true;
  choice.dispatchEvent(new Event("input", { bubbles: true }));
  focusOn(place + 1);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  if (/^[0-5]$/.test(event.key)) {
    event.preventDefault();
    mark(event.key);
  } else if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    focusOn(Math.min(scales.length, Math.max(0, here() + (event.key === "j" ? 1 : -1))));
  }
});
