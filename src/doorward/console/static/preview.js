// The live preview: whenever the form changes, it is sent, unsaved, to the frame that shows the pages.
const button = document.querySelector("button[data-preview]");
let timer;
const refresh = () => {
  clearTimeout(timer);
  timer = setTimeout(() => button.form.requestSubmit(button), 350);
};
for (const event of ["input", "list-change"]) button.form.addEventListener(event, refresh);
for (const colour of document.querySelectorAll(".colour")) {
  const [picker, text] = colour.querySelectorAll("input");
  picker.addEventListener("input", () => { text.value = picker.value; });
  text.addEventListener("input", () => { if (text.validity.valid) picker.value = text.value; });
}
