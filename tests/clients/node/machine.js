// client_credentials by oauth4webapi and by openid-client; both access tokens are validated as the
// API would do it (RFC 9068).
//
// Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, RESOURCE, RESOURCE_SCOPE.
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, RESOURCE, RESOURCE_SCOPE } = process.env;
const wanted = { resource: RESOURCE, scope: RESOURCE_SCOPE };
const issuer = new URL(ISSUER);

// 1. oauth4webapi, secret in the Authorization header.
const loopback = { [oauth.allowInsecureRequests]: true };
const client = { client_id: CLIENT_ID };
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { ...loopback, algorithm: "oauth2" }),
);
const first = await oauth.processClientCredentialsResponse(
  server, client,
  await oauth.clientCredentialsGrantRequest(
    server, client, oauth.ClientSecretBasic(CLIENT_SECRET), wanted, loopback,
  ),
);

// 2. openid-client, secret in the form.
const configuration = await openid.discovery(
  issuer, CLIENT_ID, undefined, openid.ClientSecretPost(CLIENT_SECRET),
  { execute: [openid.allowInsecureRequests] },
);
const second = await openid.clientCredentialsGrant(configuration, wanted);

// 3. The API's check of both.
const validate = (token) =>
  oauth.validateJwtAccessToken(
    server,
    new Request(RESOURCE, { headers: { authorization: `Bearer ${token}` } }),
    RESOURCE,
    loopback,
  );
console.log(
  JSON.stringify({
    oauth4webapi: { scope: first.scope, claims: await validate(first.access_token) },
    openidClient: { scope: second.scope, claims: await validate(second.access_token) },
  }),
);
