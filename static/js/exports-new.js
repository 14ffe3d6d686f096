// The form of a new export: the other country only when “other” is chosen, and the value in dollars while typing.
// Without this file the list of countries is always there, and the dollars stand on the export once it is saved.

const other = document.querySelector("[data-other-country]");
const chips = [...document.querySelectorAll("input[name=destination]")];

function showOther() {
  other.hidden = !chips.some((chip) => chip.checked && chip.value === "other");
}

if (other && chips.length) {
  for (const chip of chips) chip.addEventListener("change", showOther);
  showOther();
}

const money = document.querySelector("[data-converted]");

async function convert() {
  const asked = new URLSearchParams({
    amount: document.getElementById("amount").value,
    currency: document.getElementById("currency").value,
    on: document.getElementById("exported_on").value,
  });
  const answer = await fetch(`${money.dataset.converted}?${asked}`, { headers: { Accept: "application/json" } });
  if (answer.ok) document.getElementById("amount-converted").textContent = (await answer.json()).words;
}

if (money) {
  for (const name of ["amount", "currency", "exported_on"]) {
    document.getElementById(name).addEventListener("change", () => convert().catch(() => {}));
  }
}
