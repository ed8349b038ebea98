// The library's middleware and getAccessToken on a plain node:http server, without Next.
import { Auth0Client } from "@auth0/nextjs-auth0/server";
import { NextRequest, NextResponse } from "next/server.js";

/** Writes the library's Response to Node's response. */
async function write(nodeResponse, response) {
  const { "set-cookie": _joined, ...headers } = Object.fromEntries(response.headers);
  nodeResponse.writeHead(response.status, { ...headers, "set-cookie": response.headers.getSetCookie() });
  nodeResponse.end(Buffer.from(await response.arrayBuffer()));
}

export function createApp({ issuer, clientId, clientSecret, secret, baseUrl }) {
  const auth0 = new Auth0Client({
    domain: issuer,
    clientId,
    clientSecret,
    secret,
    appBaseUrl: baseUrl,
    allowInsecureRequests: true,
    authorizationParameters: { scope: "openid profile email offline_access" },
  });

  async function respondTo(request) {
    const { pathname, searchParams } = request.nextUrl;
    if (pathname !== "/token") return auth0.middleware(request);
    const cookies = new NextResponse();
    const { token } = await auth0.getAccessToken(request, cookies, { refresh: searchParams.has("refresh") });
    return NextResponse.json({ token }, { headers: cookies.headers });
  }

  return async (incoming, response) => {
    const { method, headers } = incoming;
    try {
      await write(response, await respondTo(new NextRequest(new URL(incoming.url, baseUrl), { method, headers })));
    } catch (error) {
      response.writeHead(500).end(`${error}`);
    }
  };
}
