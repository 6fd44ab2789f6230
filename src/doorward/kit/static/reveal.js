// Show and hide a password. Markup: ui.html, macro password.
for (const button of document.querySelectorAll(".reveal > button")) {
  const input = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    for (const icon of button.children) icon.toggleAttribute("hidden");
  });
  input.form?.addEventListener("submit", () => { input.type = "password"; });
}
