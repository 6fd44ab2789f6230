// @logto/node as an application uses it: sign in, claims, userinfo, an access token for an API,
// sign out.
//
// Environment: ENDPOINT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, POST_LOGOUT_REDIRECT_URI,
// IDENTIFIER, PASSWORD, RESOURCE. Prints what it saw as JSON.
import LogtoClient from "@logto/node";

import { Browser, signIn } from "./browser.js";

const { ENDPOINT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, IDENTIFIER, PASSWORD } = process.env;
const { POST_LOGOUT_REDIRECT_URI, RESOURCE } = process.env;

const stored = new Map();
let navigatedTo;

const client = new LogtoClient(
  {
    endpoint: ENDPOINT,
    appId: CLIENT_ID,
    appSecret: CLIENT_SECRET,
    resources: [RESOURCE],
    scopes: ["email"],
  },
  {
    navigate: (url) => {
      navigatedTo = url;
    },
    storage: {
      getItem: async (key) => stored.get(key) ?? null,
      setItem: async (key, value) => void stored.set(key, value),
      removeItem: async (key) => void stored.delete(key),
    },
  },
);

// 1. Sign in.
const before = await client.isAuthenticated();
await client.signIn({ redirectUri: REDIRECT_URI });
const browser = new Browser();
const callback = await signIn(browser, navigatedTo, {
  redirectUri: REDIRECT_URI,
  identifier: IDENTIFIER,
  password: PASSWORD,
});
await client.handleSignInCallback(callback.href);
const after = await client.isAuthenticated();

// 2. Who signed in, and a token for the API.
const idToken = await client.getIdTokenClaims();
const userinfo = await client.fetchUserInfo();
const accessToken = await client.getAccessTokenClaims(RESOURCE);

// 3. Sign out of the application and of the server.
await client.signOut(POST_LOGOUT_REDIRECT_URI);
const until = POST_LOGOUT_REDIRECT_URI;
let signedOut = await browser.open(navigatedTo, { until });
if (signedOut.body !== null) {
  signedOut = await browser.submit(signedOut, { having: "xsrf", values: { logout: "yes" }, until });
}

console.log(
  JSON.stringify({
    before,
    after,
    idToken,
    userinfo,
    accessToken,
    signedOut: signedOut.url.href,
    authenticatedAtTheEnd: await client.isAuthenticated(),
  }),
);
