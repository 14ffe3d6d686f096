// Copies a text that stands beside its button; the button is shown only when this works.

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const words = button.querySelector("[data-copy-words]");
  const before = words.textContent;
  words.textContent = button.dataset.copied;
  setTimeout(() => {
    words.textContent = before;
  }, 2500);
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button).catch(() => button.setAttribute("hidden", "")));
  }
}
