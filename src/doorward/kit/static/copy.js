// Copy a value: <button data-copy="text"> or <button data-copy-from="id of an element">; show or hide a secret.
document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy], [data-copy-from]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy ?? document.getElementById(copy.dataset.copyFrom).innerText);
    copy.dataset.done = "";
    document.dispatchEvent(new CustomEvent("toast", { detail: copy.dataset.copied }));
    setTimeout(() => delete copy.dataset.done, 1600);
  }
  const show = event.target.closest("[data-show]");
  if (show) {
    const value = document.getElementById(show.dataset.show);
    const hidden = show.getAttribute("aria-pressed") !== "true";
    value.textContent = hidden ? value.dataset.secret : value.dataset.mask;
    show.setAttribute("aria-pressed", String(hidden));
    for (const icon of show.children) icon.toggleAttribute("hidden");
  }
});
