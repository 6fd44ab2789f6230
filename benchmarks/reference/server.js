// The reference of the benchmarks: npm oidc-provider with its own in-memory store, one ES256 key,
// no audit log, and client_credentials answered with a JWT access token for one API resource.
//
// Environment: PORT, CLIENT_ID, CLIENT_SECRET, RESOURCE, SCOPE. Prints "ready" once it listens.
import { generateKeyPairSync } from "node:crypto";

import { Provider } from "oidc-provider";

const { PORT, CLIENT_ID, CLIENT_SECRET, RESOURCE, SCOPE } = process.env;

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const resourceServer = {
  scope: SCOPE,
  audience: RESOURCE,
  accessTokenTTL: 3600,
  accessTokenFormat: "jwt",
  jwt: { sign: { alg: "ES256" } },
};

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] },
  scopes: [SCOPE],
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      token_endpoint_auth_method: "client_secret_post",
      grant_types: ["client_credentials"],
      id_token_signed_response_alg: "ES256",
      redirect_uris: [],
      response_types: [],
      scope: SCOPE,
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: () => resourceServer,
    },
  },
  ttl: { ClientCredentials: 3600 },
});

provider.listen(Number(PORT), "127.0.0.1", () => console.log("ready"));
