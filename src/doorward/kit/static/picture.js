// A picture that cannot be loaded makes room for the first letter of its name: <img data-initial="A">.
document.addEventListener("error", (event) => {
  if (event.target.dataset?.initial) event.target.replaceWith(event.target.dataset.initial);
}, true);
// One that failed before this ran is asked for again.
for (const image of document.querySelectorAll("img[data-initial]"))
  if (image.complete && !image.naturalWidth) image.src = image.getAttribute("src");
