import { verifyAccessToken } from "latchkey/next";

/** The build has no options, as for the app's own `auth`. */
const { issuer } = JSON.parse(process.env.OPTIONS ?? "{}");
const api = verifyAccessToken({ issuer, audience: "https://api.example" });

export const GET = api.wrap((_request, { claims }) => Response.json(claims.sub));
