// A form is sent once. A browser drops the answer to the first when the button is pressed again.
let last = -Infinity;
addEventListener("submit", (event) => {
  if (event.timeStamp - last < 3000) event.preventDefault();
  else last = event.timeStamp;
});
addEventListener("pageshow", () => { last = -Infinity; });
