// Change the theme without a page load, so that nothing typed is lost. Without script the form is posted.
for (const form of document.querySelectorAll("form[data-theme-form]"))
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const theme = event.submitter.value;
    document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === theme));
    fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
  });
