// Forms that lose nothing: ask before leaving, send once, keep a draft in this tab, lead to the first fault.
// Everything works without this file; it only spares people a second try.

const changed = new Set();
const storageKey = (form) => `cohort-draft:${form.dataset.draft}`;

function markChanges(form) {
  form.addEventListener("input", () => {
    changed.add(form);
    if (form.dataset.draft) keepDraft(form);
  });
}

function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    changed.delete(form);
    if (form.dataset.draft) remember(form);
    for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
  });
}

// The back button may show the page as it was left: it must be possible to send it again.
function openAgain() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

function typedFields(form) {
  return [...form.elements].filter(
    (control) => control.name && !["file", "password", "hidden", "submit"].includes(control.type),
  );
}

function keepDraft(form) {
  const typed = typedFields(form).map((control) => [
    control.name,
    control.value,
    ["radio", "checkbox"].includes(control.type) ? control.checked : null,
  ]);
  try {
    sessionStorage.setItem(storageKey(form), JSON.stringify(typed));
  } catch {
    // No room or no permission: the form still works, it is only not kept.
  }
}

function remember(form) {
  try {
    sessionStorage.setItem("cohort-draft-sent", form.dataset.draft);
  } catch {
    // See above.
  }
}

function readDraft(form) {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey(form)) ?? "null");
  } catch {
    return null;
  }
}

// What the server sent back after a fault or a question is newer than the draft, so an answered form is left as it is.
function restoreDraft(form) {
  const typed = readDraft(form);
  if (!typed || "answered" in form.dataset) return;
  for (const [name, value, ticked] of typed) {
    for (const control of typedFields(form)) {
      if (control.name !== name) continue;
      if (ticked === null) control.value = value;
      else if (control.value === value) control.checked = ticked;
    }
  }
  changed.add(form);
}

// A draft that was sent is dropped once it is saved: the next page says so, or is neither that form again nor the
// sign-in page that an ended session leads to.
function dropSavedDrafts() {
  const sent = sessionStorage.getItem("cohort-draft-sent");
  if (!sent || document.body.classList.contains("page--plain")) return;
  const here = document.querySelector(`form[data-draft="${CSS.escape(sent)}"]`);
  if (here && !document.querySelector(".notice--leaf")) return;
  sessionStorage.removeItem("cohort-draft-sent");
  sessionStorage.removeItem(`cohort-draft:${sent}`);
}

function dropDraftWhenLeavingOnPurpose(form) {
  for (const link of form.querySelectorAll(".form-frame__buttons a")) {
    link.addEventListener("click", () => {
      changed.delete(form);
      sessionStorage.removeItem(storageKey(form));
    });
  }
}

try {
  dropSavedDrafts();
} catch {
  // A browser that keeps nothing has nothing to drop.
}
for (const form of document.querySelectorAll("form[data-leave]")) {
  markChanges(form);
  if (form.dataset.draft) {
    restoreDraft(form);
    dropDraftWhenLeavingOnPurpose(form);
  }
}
for (const form of document.querySelectorAll("form[data-once]")) sendOnce(form);
window.addEventListener("pageshow", openAgain);
window.addEventListener("beforeunload", (event) => {
  if (changed.size === 0) return;
  event.preventDefault();
  event.returnValue = ""; // browsers before 2023 ask only for this
});
document.querySelector("[data-error-summary]")?.focus();
