// Confirmations. <button popovertarget="id"> opens <dialog popover id="id"> without any script;
// with script the dialog becomes modal: the page behind is inert and focus comes back.
for (const dialog of document.querySelectorAll("dialog[popover]")) {
  for (const opener of document.querySelectorAll(`[popovertarget="${CSS.escape(dialog.id)}"]`)) {
    opener.removeAttribute("popovertarget");
    const opens = !dialog.contains(opener);
    opener.addEventListener("click", () => {
      if (opens) opener.closest("[popover]")?.hidePopover();
      if (opens) dialog.showModal();
      else dialog.close();
    });
  }
  dialog.removeAttribute("popover");
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  if (dialog.open) {
    dialog.removeAttribute("open");
    dialog.showModal();
  }
}
