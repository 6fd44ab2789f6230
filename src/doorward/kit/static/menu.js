// Menus are popovers and work without script. This closes one when focus leaves it and moves
// through it with the arrow keys; "/" goes to the search field.
for (const menu of document.querySelectorAll(".menu[popover]")) {
  const items = () => [...menu.querySelectorAll("a, button")];
  menu.addEventListener("toggle", (event) => event.newState === "open" && items()[0]?.focus());
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = items();
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.hidePopover();
  });
}
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.querySelector("[data-hotkey]")?.focus();
});
