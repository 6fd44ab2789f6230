// Toasts. One that came with the page is put in again, so that screen readers hear it;
// others are made by dispatching a "toast" event on the document with the text as detail.
const region = document.querySelector(".toasts");

function show(text) {
  const toast = Object.assign(document.createElement("div"), { className: "toast", textContent: text });
  region.append(toast);
  let timer;
  const wait = () => { timer = setTimeout(() => toast.remove(), 6000); };
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", wait);
  wait();
}

if (region) {
  const arrived = [...region.children].map((toast) => toast.textContent.trim());
  region.replaceChildren();
  requestAnimationFrame(() => arrived.forEach(show));
  document.addEventListener("toast", (event) => event.detail && show(event.detail));
}
