// An app that registers its types once. It is compiled, never run: see test/repository/users.test.ts.

import express from "express";
import { type AuthSession, createSessions } from "latchkey";
import { createClient } from "latchkey/browser";
import { createAuth as createEdgeAuth, type RequestAuth } from "latchkey/edge";
import { type AuthOptions, auth } from "latchkey/express";
import { createAuth as createNextAuth } from "latchkey/next";
import { useAuth, useSession } from "latchkey/react";

declare module "latchkey" {
  interface Register {
    data: { cart: string[] };
    user: { roles: string[] };
  }
}

export const ofSession = ({ data, user }: AuthSession): string[] => [
  ...data.cart,
  ...user.roles,
  user.name ?? user.sub,
];
// @ts-expect-error: the registered data has no such member
export const noMember = ({ data }: AuthSession) => data.nothing;

export const options: AuthOptions = {
  onSignIn: ({ user }) => ({ user: { ...user, roles: ["reader"] }, data: { cart: [] } }),
};
// @ts-expect-error: the registered user has roles
export const noRoles: AuthOptions = { onSignIn: ({ claims }) => ({ user: { name: claims.sub } }) };
// @ts-expect-error: the cart holds text
export const noCart: AuthOptions = { onSignIn: () => ({ data: { cart: [1] } }) };

const app = express();
app.use(auth(options));
app.get("/", async (req, res) => {
  await req.auth.update({ cart: ["book"] });
  await req.auth.update((data) => ({ cart: [...data.cart, "book"] }));
  // @ts-expect-error: the cart holds text
  await req.auth.update({ cart: [1] });
  const roles: string[] | undefined = req.auth.session?.user.roles;
  res.json(roles);
});

const edge = createEdgeAuth(options);
export const ofEdge = edge.wrap(async (request, { session }: RequestAuth) => {
  const found: AuthSession | null = await edge.getSession(request);
  const cart: string[] | undefined = session?.data.cart;
  return Response.json([cart, found?.user.roles.length]);
});

const next = createNextAuth(options);
export const ofNext = async (): Promise<string[]> => {
  const { data, user } = await next.requireSession();
  await next.update({ cart: [] });
  return [...data.cart, ...user.roles];
};

export function OfReact(): string[] {
  const { user } = useSession();
  return [...(user?.roles ?? []), ...(useAuth().user?.roles ?? [])];
}
export const ofClient = async (): Promise<string[] | undefined> =>
  (await createClient({ issuer: "x", clientId: "x", redirectUri: "x" }).getUser())?.roles;

// Sessions without sign-in name the type of their data themselves.
export const standalone = createSessions<{ seen: number }>({ secret: "x" });
