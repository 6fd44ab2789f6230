// Filter cards as one types or ticks: a form[data-filter="id of the gallery"]. The form also works
// without script: it is a GET form and the server filters.
for (const form of document.querySelectorAll("form[data-filter]")) {
  const gallery = document.getElementById(form.dataset.filter);
  const empty = document.getElementById(`${form.dataset.filter}-empty`);
  const apply = () => {
    const data = new FormData(form);
    const words = String(data.get("q") ?? "").toLowerCase().trim();
    const chosen = [...new Set([...data.keys()].filter((key) => key !== "q"))];
    let shown = 0;
    for (const card of gallery.querySelectorAll("[data-card]")) {
      const fits = chosen.every((key) => card.dataset[key].split(" ").some((kind) => data.getAll(key).includes(kind)));
      card.hidden = !(fits && card.dataset.card.toLowerCase().includes(words));
      shown += card.hidden ? 0 : 1;
    }
    for (const group of gallery.querySelectorAll("[data-group]"))
      group.hidden = !group.querySelector("[data-card]:not([hidden])");
    empty.hidden = shown > 0;
    const query = new URLSearchParams([...data].filter(([, value]) => value !== ""));
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
}
