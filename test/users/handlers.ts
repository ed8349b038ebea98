// Handlers behind the guards of Edge and Next. Compiled, never run: see test/repository/users.test.ts.
import { createAuth as createEdgeAuth } from "latchkey/edge";
import { createAuth as createNextAuth, type SignedInAuth } from "latchkey/next";

interface Data {
  cart: string[];
}
const edge = createEdgeAuth<Data>({});
const next = createNextAuth<Data>();

const subject = ({ session }: SignedInAuth<Data>): string => session.user.sub;

export const ofEdge = edge.requireSession((_request, auth, env: { KEY: string }) =>
  Response.json([auth.session.data.cart, subject(auth), env.KEY]),
);
export const ofNext = next.requireSession((_request, auth, context: { params: Promise<{ id: string }> }) =>
  Response.json([auth.session.data.cart, subject(auth), context.params]),
);
export const onPage = async (): Promise<string[]> => (await next.requireSession({ returnTo: "/cart" })).data.cart;

// @ts-expect-error: without a guard the session may be null
export const unguarded = edge.wrap((_request, { session }) => Response.json(session.user));
