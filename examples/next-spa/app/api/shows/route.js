import { verifyAccessToken } from "latchkey/next";

const api = verifyAccessToken({
  issuer: process.env.NEXT_PUBLIC_ISSUER,
  audience: process.env.NEXT_PUBLIC_AUDIENCE,
  scope: "read:shows",
});

const shows = [
  { id: 1, title: "The Sky Tonight" },
  { id: 2, title: "Black Holes, Slowly" },
];

export const GET = api.wrap(async (_request, { claims }) => Response.json({ sub: claims.sub, shows }));
