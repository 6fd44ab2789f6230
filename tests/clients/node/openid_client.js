// openid-client: sign-in with PKCE, state and nonce, userinfo, refresh, and sign-out.
//
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET (empty: a public client), REDIRECT_URI,
// POST_LOGOUT_REDIRECT_URI, IDENTIFIER, PASSWORD. Prints what it saw as JSON.
import * as openid from "openid-client";

import { Browser, signIn } from "./browser.js";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, IDENTIFIER, PASSWORD } = process.env;
const { POST_LOGOUT_REDIRECT_URI } = process.env;

// 1. Discovery. ID token signatures are verified by the server's keys.
const authentication = CLIENT_SECRET ? openid.ClientSecretBasic(CLIENT_SECRET) : openid.None();
const configuration = await openid.discovery(
  new URL(ISSUER), CLIENT_ID, undefined, authentication,
  { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
);

// 2. Sign in.
const pkceCodeVerifier = openid.randomPKCECodeVerifier();
const expectedState = openid.randomState();
const expectedNonce = openid.randomNonce();
const authorizationUrl = openid.buildAuthorizationUrl(configuration, {
  redirect_uri: REDIRECT_URI,
  scope: "openid profile email offline_access",
  prompt: "consent",
  code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  state: expectedState,
  nonce: expectedNonce,
});
const browser = new Browser();
const callback = await signIn(browser, authorizationUrl, {
  redirectUri: REDIRECT_URI,
  identifier: IDENTIFIER,
  password: PASSWORD,
});
const tokens = await openid.authorizationCodeGrant(configuration, callback, {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
  idTokenExpected: true,
});
const idToken = tokens.claims();

// 3. Userinfo and refresh.
const userinfo = await openid.fetchUserInfo(configuration, tokens.access_token, idToken.sub);
const refreshed = await openid.refreshTokenGrant(configuration, tokens.refresh_token);
const again = await openid.fetchUserInfo(configuration, refreshed.access_token, idToken.sub);

// 4. Sign out: the browser confirms and is sent back with the state.
const endSessionUrl = openid.buildEndSessionUrl(configuration, {
  post_logout_redirect_uri: POST_LOGOUT_REDIRECT_URI,
  id_token_hint: tokens.id_token,
  state: expectedState,
});
const until = POST_LOGOUT_REDIRECT_URI;
let signedOut = await browser.open(endSessionUrl, { until });
if (signedOut.body !== null) {
  signedOut = await browser.submit(signedOut, { having: "xsrf", values: { logout: "yes" }, until });
}

// 5. The next authorization request has to ask again.
const page = await browser.open(authorizationUrl, { until: REDIRECT_URI });

console.log(
  JSON.stringify({
    idToken,
    userinfo,
    refreshedSubject: again.sub,
    refreshedIdToken: refreshed.claims() ?? null,
    signedOut: signedOut.url.href,
    expectedState,
    asksAgain: page.body !== null,
  }),
);
