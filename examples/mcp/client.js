import { randomUUID } from "node:crypto";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

/**
 * The client of the MCP SDK as an app uses it: it registers itself at the provider, and keeps what it gets in memory.
 * @param {string} redirectUri @param {string} state @param {(url: URL) => void} open opens the provider's page in the user's browser
 */
function createClientProvider(redirectUri, state, open) {
  /** @type {Record<"client" | "tokens" | "verifier", any>} */
  const memory = { client: undefined, tokens: undefined, verifier: undefined };
  return {
    redirectUrl: redirectUri,
    state: () => state,
    clientMetadata: {
      client_name: "latchkey's MCP example",
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
    clientInformation: () => memory.client,
    saveClientInformation: (/** @type {any} */ information) => void Object.assign(memory, { client: information }),
    tokens: () => memory.tokens,
    saveTokens: (/** @type {any} */ tokens) => void Object.assign(memory, { tokens }),
    codeVerifier: () => memory.verifier,
    saveCodeVerifier: (/** @type {string} */ verifier) => void Object.assign(memory, { verifier }),
    redirectToAuthorization: open,
  };
}

/**
 * Connects to an MCP server that requires a sign-in, and calls one of its tools.
 * @param {string} url of the server
 * @param {string} redirectUri
 * @param {(authorizationUrl: URL) => Promise<URLSearchParams>} signIn lets the user sign in, and returns the parameters of the callback
 */
export async function callTool(url, redirectUri, signIn) {
  /** @type {URL | undefined} */
  let authorizationUrl;
  const state = randomUUID();
  const authProvider = createClientProvider(redirectUri, state, (to) => {
    authorizationUrl = to;
  });
  const connect = async () => {
    const client = new Client({ name: "example", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider });
    await client.connect(transport).catch(async (error) => {
      if (!(error instanceof UnauthorizedError) || !authorizationUrl) throw error;
      const callback = await signIn(authorizationUrl);
      if (callback.get("state") !== state) throw new Error("the callback is of another sign-in");
      await transport.finishAuth(callback.get("code") ?? "");
      throw error;
    });
    return client;
  };
  const client = await connect().catch((error) => {
    if (error instanceof UnauthorizedError) return connect();
    throw error;
  });
  const { tools } = await client.listTools();
  const result = await client.callTool({ name: tools[0]?.name ?? "" });
  await client.close();
  return { tools: tools.map(({ name }) => name), result };
}
