// FAPI 2.0 with signed messages, by oauth4webapi and by openid-client: private_key_jwt, a signed
// authorization request (JAR) that is pushed (PAR), an answer that is signed (JARM), tokens bound to
// a key (DPoP), refresh.
//
// Environment: ISSUER, CLIENT_ID, PRIVATE_JWK (of the client, for ES256), REDIRECT_URI, IDENTIFIER,
// PASSWORD. Prints what it saw as JSON.
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

import { Browser, signIn } from "./browser.js";

const { ISSUER, CLIENT_ID, PRIVATE_JWK, REDIRECT_URI, IDENTIFIER, PASSWORD } = process.env;
const person = { redirectUri: REDIRECT_URI, identifier: IDENTIFIER, password: PASSWORD };
const jwk = JSON.parse(PRIVATE_JWK);
const key = await crypto.subtle.importKey(
  "jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"],
);
const signingKey = { key, kid: jwk.kid };

async function withOauth4webapi() {
  const client = { client_id: CLIENT_ID };
  const authentication = oauth.PrivateKeyJwt(signingKey);
  const loopback = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(ISSUER);
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, loopback),
  );
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const options = { ...loopback, DPoP };

  // 1. The request, signed and pushed.
  const codeVerifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const request = await oauth.issueRequestObject(
    server, client,
    {
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      response_mode: "jwt",
      scope: "openid profile offline_access",
      prompt: "consent",
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: "S256",
      state,
      nonce,
    },
    signingKey,
  );
  const pushed = await oauth.processPushedAuthorizationResponse(
    server, client,
    await oauth.pushedAuthorizationRequest(server, client, authentication, { request }, options),
  );

  // 2. The browser, and the signed answer.
  const authorizationUrl = new URL(server.authorization_endpoint);
  authorizationUrl.searchParams.set("client_id", CLIENT_ID);
  authorizationUrl.searchParams.set("request_uri", pushed.request_uri);
  const callback = await signIn(new Browser(), authorizationUrl, person);
  const parameters = await oauth.validateJwtAuthResponse(server, client, callback, state, loopback);

  // 3. Tokens, bound to the key; userinfo; refresh.
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, REDIRECT_URI, codeVerifier, options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, response, loopback);
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const userinfo = await oauth.processUserInfoResponse(
    server, client, sub,
    await oauth.userInfoRequest(server, client, tokens.access_token, options),
  );
  const refreshed = await oauth.processRefreshTokenResponse(
    server, client,
    await oauth.refreshTokenGrantRequest(
      server, client, authentication, tokens.refresh_token, options,
    ),
  );
  const names = [...callback.searchParams.keys()];
  return {
    names,
    tokenType: tokens.token_type,
    username: userinfo.username,
    refreshedType: refreshed.token_type,
  };
}

async function withOpenidClient() {
  const configuration = await openid.discovery(
    new URL(ISSUER), CLIENT_ID, undefined, openid.PrivateKeyJwt(signingKey),
    {
      execute: [
        openid.allowInsecureRequests,
        openid.enableNonRepudiationChecks,
        openid.useJwtResponseMode,
      ],
    },
  );
  const DPoP = openid.getDPoPHandle(configuration, await openid.randomDPoPKeyPair());
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const expectedNonce = openid.randomNonce();

  const signed = await openid.buildAuthorizationUrlWithJAR(
    configuration,
    {
      redirect_uri: REDIRECT_URI,
      scope: "openid profile offline_access",
      prompt: "consent",
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
      nonce: expectedNonce,
    },
    signingKey,
  );
  const authorizationUrl = await openid.buildAuthorizationUrlWithPAR(
    configuration, signed.searchParams, { DPoP },
  );
  const callback = await signIn(new Browser(), authorizationUrl, person);
  const tokens = await openid.authorizationCodeGrant(
    configuration, callback, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
    undefined, { DPoP },
  );
  const { sub } = tokens.claims();
  const userinfo = await openid.fetchUserInfo(configuration, tokens.access_token, sub, { DPoP });
  const refreshed = await openid.refreshTokenGrant(
    configuration, tokens.refresh_token, undefined, { DPoP },
  );
  const names = [...callback.searchParams.keys()];
  return {
    names,
    tokenType: tokens.token_type,
    username: userinfo.username,
    refreshedType: refreshed.token_type,
  };
}

const oauth4webapi = await withOauth4webapi();
const openidClient = await withOpenidClient();
console.log(JSON.stringify({ oauth4webapi, openidClient }));
