// A browser of sixty lines: follows redirects, keeps cookies, fills in and sends hosted forms.
import assert from "node:assert/strict";

const MAXIMUM_STEPS = 20;

export class Browser {
  #cookies = new Map();

  // Opens `url` and follows redirects. Stops at the first address that begins with `until`.
  // Returns { url, body }; `body` is null when the stop address was reached (it is not requested).
  async open(url, { until, method = "GET", form } = {}) {
    let request = { url: new URL(url), method, form };
    for (let step = 0; step < MAXIMUM_STEPS; step += 1) {
      if (until && request.url.href.startsWith(until)) return { url: request.url, body: null };
      const response = await this.#send(request);
      const location = response.headers.get("location");
      if (!location) {
        const body = await response.text();
        assert.equal(response.status, 200, `${request.url}: ${response.status} ${body}`);
        return { url: request.url, body };
      }
      request = { url: new URL(location, request.url), method: "GET" };
    }
    throw new Error(`More than ${MAXIMUM_STEPS} redirects, last to ${request.url}`);
  }

  // Sends the form of `page` that has the field `having`, with `values` typed into it.
  async submit(page, { having, values = {}, until }) {
    const form = findForm(page.body, having);
    const action = new URL(form.action || page.url, page.url);
    return this.open(action, { until, method: "POST", form: { ...form.fields, ...values } });
  }

  async #send({ url, method, form }) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { accept: "text/html", ...(cookie && { cookie }) };
    // A real browser names the page's own origin when it sends a form.
    if (method === "POST") headers.origin = url.origin;
    const response = await fetch(url, {
      method,
      headers,
      body: form && new URLSearchParams(form),
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";");
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1)];
      if (value === "" || attributes.some((text) => /max-age=0\b/i.test(text))) {
        this.#cookies.delete(name);
      } else {
        this.#cookies.set(name, value);
      }
    }
    return response;
  }
}

// Signs in on the hosted pages; returns the address the application is called back at.
export async function signIn(browser, authorizationUrl, { redirectUri, identifier, password }) {
  const page = await browser.open(authorizationUrl);
  const values = { identifier, password };
  const callback = await browser.submit(page, { having: "password", values, until: redirectUri });
  assert.equal(callback.body, null, `Not called back but shown:\n${callback.body}`);
  return callback.url;
}

function findForm(html, having) {
  for (const [, attributes, content] of html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)) {
    const inputs = [...content.matchAll(/<(?:input|button)\b[^>]*>/gi)].map(([tag]) => tag);
    if (!inputs.some((tag) => attribute(tag, "name") === having)) continue;
    const hidden = inputs.filter((tag) => attribute(tag, "type") === "hidden");
    const fields = hidden.map((tag) => [attribute(tag, "name"), attribute(tag, "value") ?? ""]);
    return { action: attribute(attributes, "action"), fields: Object.fromEntries(fields) };
  }
  throw new Error(`No form with a field named ${having} in:\n${html}`);
}

function attribute(tag, name) {
  const found = tag.match(new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i"));
  if (!found) return undefined;
  const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#34;": '"', "&#39;": "'" };
  const text = found[1] ?? found[2] ?? found[3];
  return text.replace(/&(?:amp|lt|gt|quot|#34|#39);/g, (entity) => entities[entity]);
}
