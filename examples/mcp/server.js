import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import { protectedResource, verifyAccessToken } from "latchkey/express";

// The URL of this server, as its clients know it. Access tokens must be for it.
const resource = process.env.LATCHKEY_AUDIENCE;
const metadata = protectedResource({
  resource,
  authorizationServers: [process.env.LATCHKEY_ISSUER],
  scopesSupported: ["shows:read"],
});

const app = express();
app.use(metadata);
app.use("/mcp", verifyAccessToken({ scope: "shows:read", resourceMetadata: metadata.url }));

app.post("/mcp", express.json(), async (req, res) => {
  const { token, claims } = req.accessToken;
  const server = new McpServer({ name: "planetarium", version: "1.0.0" });
  server.registerTool("tonight", { description: "The show of tonight" }, ({ authInfo }) => ({
    content: [{ type: "text", text: `${authInfo?.extra?.sub}: The Sky Tonight, in the Dome` }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  res.on("close", () => server.close());
  await server.connect(transport);
  const auth = { token, clientId: `${claims.client_id}`, scopes: `${claims.scope}`.split(" "), extra: claims };
  await transport.handleRequest(Object.assign(req, { auth }), res, req.body);
});
// Without sessions of MCP, only POST has a meaning.
app.all("/mcp", (_req, res) => void res.status(405).end());

app.listen(new URL(resource).port, "127.0.0.1");
