// Fields with several values. Without script the server draws one empty row more and drops empty values,
// and buttons are submits; with script rows are added, removed and moved here.
// Markup: ui.html, macro list_field; console/sign_in_experience.html.
for (const list of document.querySelectorAll("[data-list]")) {
  const rows = list.querySelector("[data-rows]");
  const values = () => [...rows.querySelectorAll("input")].map((input) => input.value);
  const sync = () => {
    for (const button of list.querySelectorAll("button[data-value]"))
      button.hidden = values().includes(button.dataset.value);
    for (const place of list.querySelectorAll("[data-none-left]"))
      place.hidden = !list.querySelector("button[data-value]:not([hidden])");
  };
  list.querySelector(".without-script")?.remove();
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("[data-row]");
    const act = button.dataset.act;
    if (act === "add") {
      const template = document.getElementById(button.dataset.template) ?? list.querySelector("template");
      rows.append(template.content.cloneNode(true));
      button.closest("[popover]")?.hidePopover();
      rows.lastElementChild.querySelector("input:not([type=hidden]), button").focus();
    }
    if (act === "remove") {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next ?? list).querySelector("input:not([type=hidden]), button")?.focus();
    }
    if (act === "up") row.previousElementSibling?.before(row);
    if (act === "down") row.nextElementSibling?.after(row);
    if (act === "up" || act === "down") button.focus();
    sync();
    list.dispatchEvent(new Event("list-change", { bubbles: true }));
  });
  sync();
}
