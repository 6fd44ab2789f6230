// Tick off the policy's rules while a new password is typed, and say how strong it is.
// The server decides; this only says it earlier. Markup: ui.html, macro password.
const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[ -/:-@[-`{-~]/];
const repeats = (text) => /(.)\1\1/.test(text);
const runs = (text) =>
  [...text.toLowerCase()].some((_, i, all) => {
    const [a, b, c] = [0, 1, 2].map((step) => all[i + step]?.codePointAt(0));
    return /[a-z0-9]/.test(all[i]) && c !== undefined && Math.abs(b - a) === 1 && c - b === b - a;
  });
const rules = {
  length: (text, min) => text.length >= min,
  types: (text, min) => kinds.filter((kind) => kind.test(text)).length >= min,
  repetition: (text) => text !== "" && !repeats(text) && !runs(text),
};

function score(text) {
  const variety = kinds.filter((kind) => kind.test(text)).length;
  const plain = repeats(text) || runs(text) ? 2 : 0;
  const points = Math.min(text.length / 4, 4) + (variety - 1) * 0.5 - plain;
  return text ? Math.max(1, Math.min(4, Math.floor(points))) : 0;
}

function grade(input) {
  const scope = document.getElementById(input.dataset.strength);
  const meter = scope.querySelector("meter");
  const word = scope.querySelector("[data-words]");
  meter.value = score(input.value);
  word.textContent = word.dataset.words.split("|")[meter.value] ?? "";
  for (const item of scope.querySelectorAll("[data-rule]"))
    item.toggleAttribute("data-met", rules[item.dataset.rule]?.(input.value, Number(item.dataset.min)) ?? false);
  meter.closest(".strength").hidden = !input.value;
}

for (const input of document.querySelectorAll("input[data-strength]")) {
  input.addEventListener("input", () => grade(input));
  if (input.value) grade(input);
}
