// Warn before unsaved changes are lost: <form data-unsaved> with a <div data-unsaved-bar> inside,
// which is stuck to the foot of the page while the form differs from what was loaded.
// A link with data-discard leaves without asking. Fields called preview_* are no changes.
const left = new Set();

for (const form of document.querySelectorAll("form[data-unsaved]")) {
  const bar = form.querySelector("[data-unsaved-bar]");
  const state = () => JSON.stringify([...new FormData(form)].filter(([name]) => !name.startsWith("preview_")));
  const loaded = state();
  const failed = form.querySelector("[aria-invalid=true]") !== null;
  const check = () => {
    const changed = failed || state() !== loaded;
    bar?.classList.toggle("stuck", changed);
    if (changed) left.add(form);
    else left.delete(form);
  };
  for (const event of ["input", "change", "list-change"]) form.addEventListener(event, check);
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.formTarget) left.delete(form);
  });
  check();
}
document.addEventListener("click", (event) => { if (event.target.closest("[data-discard]")) left.clear(); });
addEventListener("beforeunload", (event) => { if (left.size) event.preventDefault(); });
