// The device authorization grant (RFC 8628) by openid-client and by oauth4webapi: each asks for
// codes, a person enters the code on the hosted pages and approves, and the device gets its tokens.
//
// Environment: ISSUER, CLIENT_ID, IDENTIFIER, PASSWORD. Prints what it saw as JSON.
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

import { Browser } from "./browser.js";

const { ISSUER, CLIENT_ID, IDENTIFIER, PASSWORD } = process.env;
const scope = "openid profile offline_access";
const issuer = new URL(ISSUER);
const person = new Browser();

// What the person does; they sign in the first time only.
async function approve({ verification_uri_complete: address }) {
  let page = await person.open(address);
  if (page.body.includes('name="password"')) {
    const values = { identifier: IDENTIFIER, password: PASSWORD };
    page = await person.submit(page, { having: "password", values });
  }
  return person.submit(page, { having: "choice", values: { choice: "approve" } });
}

// 1. openid-client polls by itself, as often as it may.
const configuration = await openid.discovery(issuer, CLIENT_ID, undefined, openid.None(), {
  execute: [openid.allowInsecureRequests],
});
const codes = await openid.initiateDeviceAuthorization(configuration, { scope });
const [first] = await Promise.all([
  openid.pollDeviceAuthorizationGrant(configuration, codes),
  approve(codes),
]);
const userinfo = await openid.fetchUserInfo(
  configuration, first.access_token, first.claims().sub,
);

// 2. oauth4webapi leaves the pace to us.
const loopback = { [oauth.allowInsecureRequests]: true };
const client = { client_id: CLIENT_ID };
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, loopback),
);
const asked = await oauth.processDeviceAuthorizationResponse(
  server, client,
  await oauth.deviceAuthorizationRequest(server, client, oauth.None(), { scope }, loopback),
);
const poll = async () =>
  oauth.processDeviceCodeResponse(
    server, client,
    await oauth.deviceCodeGrantRequest(
      server, client, oauth.None(), asked.device_code, loopback,
    ),
  );
const errors = [];
for (let time = 0; time < 2; time += 1) {
  await poll().catch((error) => errors.push(error.error));
}
await approve(asked);
const second = await poll();

console.log(
  JSON.stringify({
    userinfo,
    first: first.claims(),
    errors,
    second: oauth.getValidatedIdTokenClaims(second),
    hasRefreshToken: Boolean(first.refresh_token && second.refresh_token),
  }),
);
