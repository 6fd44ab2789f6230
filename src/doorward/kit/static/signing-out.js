// Goes on as soon as every application has been told, and in any case after four seconds: an
// application that does not answer keeps nobody.
const onward = document.getElementById("onward");
const frames = [...document.querySelectorAll("iframe")];
const told = frames.map((frame) => new Promise((resolve) => frame.addEventListener("load", resolve)));
const patience = new Promise((resolve) => setTimeout(resolve, 4000));

await Promise.race([Promise.all(told), patience]);
location.replace(onward.href);
