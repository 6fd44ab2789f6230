// Fields with several values. Without script the server draws one empty row more and drops empty values;
// with script rows are added, removed and moved here. Markup: ui.html, macro list_field.
for (const list of document.querySelectorAll("[data-list]")) {
  const rows = list.querySelector("[data-rows]");
  const changed = () => list.dispatchEvent(new Event("list-change", { bubbles: true }));
  list.querySelector(".without-script")?.remove();
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (!button) return;
    const row = button.closest("[data-row]");
    const act = button.dataset.act;
    if (act === "add") {
      const made = list.querySelector("template").content.cloneNode(true);
      rows.append(made);
      rows.lastElementChild.querySelector("input").focus();
    }
    if (act === "remove") {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next ?? list).querySelector("input, button")?.focus();
    }
    if (act === "up") row.previousElementSibling?.before(row);
    if (act === "down") row.nextElementSibling?.after(row);
    if (act === "up" || act === "down") button.focus();
    changed();
  });
}
