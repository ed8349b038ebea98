import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, describe, expect, test } from "vitest";
import { createAuth as createEdgeAuth } from "../../adapters/edge.js";
import { auth as expressAuth } from "../../adapters/express.js";
import { createAuth as createNextAuth } from "../../adapters/next/index.js";
import { getAuth, auth as nodeAuth } from "../../adapters/node.js";
import { plainRequest } from "../support/app.js";
import { send, toRequest } from "../support/edge-app.js";

const options = {
  issuer: "https://op.example",
  clientId: "client",
  clientSecret: "client-secret",
  secret: "a secret for tests of at least thirty-two characters",
  baseUrl: "https://app.example",
};

/** The ways of Node to set a header of several values. */
const NODE_WAYS: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  "a text": (res) => res.setHeader("vary", "Accept, Origin").end(),
  "a list": (res) => res.setHeader("Vary", ["Accept", "Origin"]).end(),
  "a list that has Cookie": (res) => res.setHeader("vary", ["Accept", "Origin", "cookie"]).end(),
  "several lines": (res) => res.appendHeader("vary", "Accept").appendHeader("vary", "Origin").end(),
  "a list in writeHead": (res) => res.writeHead(200, { Vary: ["Accept", "Origin"] }).end(),
  "pairs in writeHead": (res) => res.writeHead(200, ["Vary", "Accept", "vary", "Origin"]).end(),
};

/** The ways of the Web to set a header of several values. */
const WEB_WAYS: Readonly<Record<string, () => Response>> = {
  "a text": () => new Response(null, { headers: { vary: "Accept, Origin" } }),
  "several lines": () =>
    new Response(null, {
      headers: [
        ["vary", "Accept"],
        ["Vary", "Origin"],
      ],
    }),
  "a text that has Cookie": () => new Response(null, { headers: { vary: "Accept, Cookie, Origin" } }),
};

const onWeb =
  (handle: (request: Request) => Promise<Response>): RequestListener =>
  async (req, res) =>
    send(await handle(toRequest(req)), res);

type Case = readonly [adapter: string, way: string, listener: RequestListener];

const signIn = nodeAuth(options);
const { forRequest } = createNextAuth(options);
const nodeCases = Object.entries(NODE_WAYS).flatMap(([way, respond]): Case[] => [
  ["Express", way, express().use(expressAuth(options), (req, res) => void [req.auth.session, respond(res)])],
  ["node:http", way, (req, res) => signIn(req, res, () => void [getAuth(req).session, respond(res)])],
  ["Next's Pages Router", way, async (req, res) => void [(await forRequest(req, res)).session, respond(res)]],
]);
const webCases = Object.entries(WEB_WAYS).flatMap(([way, respond]): Case[] => [
  [
    "the edge",
    way,
    onWeb(createEdgeAuth(options).wrap((_request, { session }) => (session ? Response.error() : respond()))),
  ],
  [
    "Next's App Router",
    way,
    onWeb(createNextAuth(options).wrap((_request, { session }) => (session ? Response.error() : respond()))),
  ],
]);
/** What only Express has. */
const expressCases: Case[] = [
  [
    "Express",
    "res.vary",
    express().use(
      expressAuth(options),
      (req, res) => void [req.auth.session, res.vary(["Accept", "Origin"] as never).end()],
    ),
  ],
];

const servers = new Set<ReturnType<typeof createServer>>();
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  servers.clear();
});

describe("the Vary header of the app stays, and names the cookies once", () => {
  test.each([...nodeCases, ...webCases, ...expressCases])("on %s, set as %s", async (_adapter, _way, listener) => {
    const server = createServer(listener);
    servers.add(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { headers } = await plainRequest(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "/", {});
    const names = `${headers.vary}`.toLowerCase().split(/\s*,\s*/);
    expect(names.sort()).toEqual(["accept", "cookie", "origin"]);
  });
});
