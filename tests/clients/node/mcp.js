// The SDK of the Model Context Protocol, as the programs use it that talk to MCP servers: it finds
// the authorization server from a refusal (RFC 9728, RFC 8414), makes itself known by the URL of its
// client id metadata document or by registration (RFC 7591), signs in with PKCE and a resource
// indicator, calls a tool, and refreshes. The MCP server runs here too, and validates the JWT.
//
// Environment: ISSUER, CLIENT_METADATA_URL (empty: register), REDIRECT_URI, IDENTIFIER, PASSWORD,
// MCP_PORT, RESOURCE_SCOPE. Prints what it saw as JSON.
import { createServer } from "node:http";

import { auth, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import * as oauth from "oauth4webapi";

import { Browser } from "./browser.js";

const { ISSUER, CLIENT_METADATA_URL, REDIRECT_URI, IDENTIFIER, PASSWORD } = process.env;
const { MCP_PORT, RESOURCE_SCOPE } = process.env;

const loopback = { [oauth.allowInsecureRequests]: true };
const origin = `http://127.0.0.1:${MCP_PORT}`;
const resource = `${origin}/mcp`;
const metadataPath = "/.well-known/oauth-protected-resource/mcp";

// 1. An MCP server with one tool, for holders of a token for it.
const issuer = new URL(ISSUER);
const authorizationServer = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, loopback),
);

async function claimsOf(request) {
  try {
    const asked = new Request(resource, { headers: { authorization: request.headers.authorization ?? "" } });
    return await oauth.validateJwtAccessToken(authorizationServer, asked, resource, loopback);
  } catch {
    return undefined;
  }
}

const http = createServer(async (request, response) => {
  if (request.url === metadataPath) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({
      resource,
      authorization_servers: [ISSUER],
      scopes_supported: [RESOURCE_SCOPE, "offline_access"],
    }));
    return;
  }
  const claims = await claimsOf(request);
  if (!claims) {
    const challenge = `Bearer resource_metadata="${origin}${metadataPath}"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return;
  }
  const server = new McpServer({ name: "books", version: "1.0.0" });
  server.registerTool("whoami", { description: "Says whose token it is" }, async () => ({
    content: [{ type: "text", text: JSON.stringify(claims) }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await server.connect(transport);
  await transport.handleRequest(request, response);
});
await new Promise((resolve) => http.listen(Number(MCP_PORT), "127.0.0.1", resolve));

// 2. What the SDK keeps for its user.
const kept = { registrations: 0 };
const provider = {
  redirectUrl: REDIRECT_URI,
  clientMetadataUrl: CLIENT_METADATA_URL || undefined,
  clientMetadata: {
    client_name: "MCP test client",
    redirect_uris: [REDIRECT_URI],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => {
    kept.registrations += 1;
    kept.client = client;
  },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => {
    kept.tokens = tokens;
  },
  redirectToAuthorization: (url) => {
    kept.authorizationUrl = url;
  },
  saveCodeVerifier: (verifier) => {
    kept.verifier = verifier;
  },
  codeVerifier: () => kept.verifier,
};

// 3. Refused at first, which is how the SDK learns where to go.
const first = new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
try {
  await new Client({ name: "test", version: "1.0.0" }).connect(first);
  throw new Error("the MCP server let a stranger in");
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
}

// 4. The person signs in, reads who asks, and allows it.
const browser = new Browser();
const signIn = await browser.open(kept.authorizationUrl);
const consent = await browser.submit(signIn, {
  having: "password",
  values: { identifier: IDENTIFIER, password: PASSWORD },
});
const back = await browser.submit(consent, {
  having: "choice",
  values: { choice: "allow" },
  until: REDIRECT_URI,
});
await first.finishAuth(back.url.searchParams.get("code"));

// 5. Let in.
const client = new Client({ name: "test", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider }));
const answer = await client.callTool({ name: "whoami" });
const claims = JSON.parse(answer.content[0].text);
await client.close();

// 6. Refreshed, without anybody being asked.
const before = kept.tokens.access_token;
const refreshed = await auth(provider, { serverUrl: resource });

console.log(JSON.stringify({
  clientId: kept.client.client_id,
  hasSecret: Boolean(kept.client.client_secret),
  resource: kept.authorizationUrl.searchParams.get("resource"),
  consent: consent.body,
  claims,
  refreshed,
  isNewToken: kept.tokens.access_token !== before,
}));
http.close();
http.closeAllConnections();
