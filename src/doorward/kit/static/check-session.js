// OpenID Connect Session Management 1.0 section 3.2: tells the page that frames this one whether
// its session is the browser's. Whoever asks is answered for their own origin alone.
const name = document.documentElement.dataset.cookie;

const browserState = () => {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : "";
};

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const compare = async (message, origin) => {
  const [clientId, sessionState, ...rest] = typeof message === "string" ? message.split(" ") : [];
  const [hash, salt, ...more] = (sessionState ?? "").split(".");
  if (!clientId || !hash || !salt || rest.length || more.length || !crypto.subtle) return "error";
  const text = `${clientId} ${origin} ${browserState()} ${salt}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return base64url(new Uint8Array(digest)) === hash ? "unchanged" : "changed";
};

addEventListener("message", async ({ data, origin, source }) => {
  if (!source || source === window || origin === "null") return;
  source.postMessage(await compare(data, origin), origin);
});
