// oauth4webapi, the strictest of the clients: the code flow with PKCE, state, nonce and `iss`
// checked, the ID token's signature verified, and the JWT access token validated as the API would
// (RFC 9068). Then userinfo, refresh, introspection and revocation.
//
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET (empty: a public client), REDIRECT_URI, IDENTIFIER,
// PASSWORD, RESOURCE (the API), RESOURCE_SCOPE. Prints what it saw as JSON.
import * as oauth from "oauth4webapi";

import { Browser, signIn } from "./browser.js";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, IDENTIFIER, PASSWORD } = process.env;
const { RESOURCE, RESOURCE_SCOPE } = process.env;

const loopback = { [oauth.allowInsecureRequests]: true };
const client = { client_id: CLIENT_ID };
const authentication = CLIENT_SECRET ? oauth.ClientSecretBasic(CLIENT_SECRET) : oauth.None();

// 1. Discovery.
const issuer = new URL(ISSUER);
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, loopback),
);

// 2. Authorization request.
const codeVerifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const authorizationUrl = new URL(server.authorization_endpoint);
for (const [name, value] of Object.entries({
  client_id: CLIENT_ID,
  redirect_uri: REDIRECT_URI,
  response_type: "code",
  scope: `openid profile offline_access ${RESOURCE_SCOPE}`,
  resource: RESOURCE,
  prompt: "consent",
  code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
  code_challenge_method: "S256",
  state,
  nonce,
})) {
  authorizationUrl.searchParams.set(name, value);
}
const callback = await signIn(new Browser(), authorizationUrl, {
  redirectUri: REDIRECT_URI,
  identifier: IDENTIFIER,
  password: PASSWORD,
});
const parameters = oauth.validateAuthResponse(server, client, callback, state);

// 3. Code for an opaque access token and an ID token.
const codeResponse = await oauth.authorizationCodeGrantRequest(
  server, client, authentication, parameters, REDIRECT_URI, codeVerifier, loopback,
);
const tokens = await oauth.processAuthorizationCodeResponse(server, client, codeResponse, {
  expectedNonce: nonce,
  requireIdToken: true,
});
await oauth.validateApplicationLevelSignature(server, codeResponse, loopback);
const idToken = oauth.getValidatedIdTokenClaims(tokens);

// 4. Userinfo, whose subject has to be that of the ID token.
const userinfo = await oauth.processUserInfoResponse(
  server, client, idToken.sub,
  await oauth.userInfoRequest(server, client, tokens.access_token, loopback),
);

// 5. A JWT access token for the API, validated as the API does it.
const refreshed = await oauth.processRefreshTokenResponse(
  server, client,
  await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, {
    ...loopback,
    additionalParameters: { resource: RESOURCE },
  }),
);
const accessToken = await oauth.validateJwtAccessToken(
  server,
  new Request(RESOURCE, { headers: { authorization: `Bearer ${refreshed.access_token}` } }),
  RESOURCE,
  loopback,
);

// 6. Introspection before and after the refresh token is revoked.
const refreshToken = refreshed.refresh_token ?? tokens.refresh_token;
const introspect = async () =>
  oauth.processIntrospectionResponse(
    server, client,
    await oauth.introspectionRequest(server, client, authentication, refreshToken, loopback),
  );
const before = await introspect();
await oauth.processRevocationResponse(
  await oauth.revocationRequest(server, client, authentication, refreshToken, loopback),
);
const after = await introspect();

console.log(JSON.stringify({ idToken, userinfo, accessToken, before, after }));
