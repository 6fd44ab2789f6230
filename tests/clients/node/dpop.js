// DPoP (RFC 9449) by oauth4webapi and by openid-client, with nonces of the server: a pushed request
// that binds the code, tokens, userinfo, refresh, a JWT access token validated with its proof as an
// API does it, and what a stolen token is worth.
//
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET (empty: a public client), REDIRECT_URI, IDENTIFIER,
// PASSWORD, RESOURCE (the API). Prints what it saw as JSON.
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

import { Browser, signIn } from "./browser.js";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, IDENTIFIER, PASSWORD } = process.env;
const { RESOURCE } = process.env;
const SCOPE = "openid profile offline_access";
const person = { redirectUri: REDIRECT_URI, identifier: IDENTIFIER, password: PASSWORD };

// Sends a request once more when it is told which nonce to use, and counts how often that was.
let retries = 0;
async function withNonce(send) {
  try {
    return await send();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    retries += 1;
    return await send();
  }
}

async function withOauth4webapi() {
  const client = { client_id: CLIENT_ID };
  const authentication = CLIENT_SECRET ? oauth.ClientSecretPost(CLIENT_SECRET) : oauth.None();
  const issuer = new URL(ISSUER);
  const loopback = { [oauth.allowInsecureRequests]: true };
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, loopback),
  );
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const options = { ...loopback, DPoP };

  // 1. A pushed request, whose proof binds the code.
  const codeVerifier = oauth.generateRandomCodeVerifier();
  const request = new URLSearchParams({
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: SCOPE,
    resource: RESOURCE,
    prompt: "consent",
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: "S256",
  });
  const pushed = await withNonce(async () =>
    oauth.processPushedAuthorizationResponse(
      server, client,
      await oauth.pushedAuthorizationRequest(server, client, authentication, request, options),
    ),
  );

  // 2. Sign in, and exchange the code.
  const authorizationUrl = new URL(server.authorization_endpoint);
  authorizationUrl.searchParams.set("client_id", CLIENT_ID);
  authorizationUrl.searchParams.set("request_uri", pushed.request_uri);
  const callback = await signIn(new Browser(), authorizationUrl, person);
  const parameters = oauth.validateAuthResponse(server, client, callback, oauth.expectNoState);
  const tokens = await withNonce(async () =>
    oauth.processAuthorizationCodeResponse(
      server, client,
      await oauth.authorizationCodeGrantRequest(
        server, client, authentication, parameters, REDIRECT_URI, codeVerifier, options,
      ),
    ),
  );
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);

  // 3. Userinfo with the key, and without.
  const userinfo = await withNonce(async () =>
    oauth.processUserInfoResponse(
      server, client, sub,
      await oauth.userInfoRequest(server, client, tokens.access_token, options),
    ),
  );
  const stolen = await fetch(server.userinfo_endpoint, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });

  // 4. A token for an API, which validates the token and the proof that comes with it.
  const refreshed = await withNonce(async () =>
    oauth.processRefreshTokenResponse(
      server, client,
      await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, {
        ...options,
        additionalParameters: { resource: RESOURCE },
      }),
    ),
  );
  let seen;
  await oauth.protectedResourceRequest(
    refreshed.access_token, "GET", new URL(RESOURCE), undefined, undefined,
    {
      DPoP,
      [oauth.customFetch]: async (url, { method, headers }) => {
        seen = new Request(url, { method, headers });
        return new Response();
      },
    },
  );
  const accessToken = await oauth.validateJwtAccessToken(server, seen, RESOURCE, {
    ...loopback,
    requireDPoP: true,
  });
  return {
    tokenType: tokens.token_type,
    username: userinfo.username,
    stolen: [stolen.status, stolen.headers.get("www-authenticate")],
    refreshedType: refreshed.token_type,
    jkt: accessToken.cnf.jkt,
    expectedJkt: await DPoP.calculateThumbprint(),
  };
}

async function withOpenidClient() {
  const authentication = CLIENT_SECRET ? openid.ClientSecretPost(CLIENT_SECRET) : openid.None();
  const configuration = await openid.discovery(
    new URL(ISSUER), CLIENT_ID, undefined, authentication,
    { execute: [openid.allowInsecureRequests] },
  );
  const DPoP = openid.getDPoPHandle(configuration, await openid.randomDPoPKeyPair());

  // The library sends a request once more by itself. The URL carries dpop_jkt.
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const authorizationUrl = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    prompt: "consent",
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    dpop_jkt: await DPoP.calculateThumbprint(),
  });
  const callback = await signIn(new Browser(), authorizationUrl, person);
  const tokens = await openid.authorizationCodeGrant(
    configuration, callback, { pkceCodeVerifier }, undefined, { DPoP },
  );
  const { sub } = tokens.claims();
  const userinfo = await openid.fetchUserInfo(configuration, tokens.access_token, sub, { DPoP });
  const refreshed = await openid.refreshTokenGrant(
    configuration, tokens.refresh_token, undefined, { DPoP },
  );
  return {
    tokenType: tokens.token_type,
    username: userinfo.username,
    refreshedType: refreshed.token_type,
  };
}

const oauth4webapi = await withOauth4webapi();
const openidClient = await withOpenidClient();
console.log(JSON.stringify({ oauth4webapi, openidClient, retries }));
