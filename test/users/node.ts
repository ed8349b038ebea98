// A server without a framework. It is compiled without the types of any framework: see test/repository/users.test.ts.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  auth,
  getAuth,
  getSignedInAuth,
  MisuseError,
  type RequestAuth,
  requireSession,
  type SignedInAuth,
  type VerifiedMessage,
  verifyAccessToken,
} from "latchkey/node";

const [signIn, guard, verify] = [auth(), requireSession(), verifyAccessToken()];

createServer((req, res) =>
  signIn(req, res, (error) => {
    if (error instanceof MisuseError) return res.writeHead(500).end(error.code);
    guard(req, res, () => res.end(getSignedInAuth(req).session.user.sub));
    // @ts-expect-error: without a guard the session may be null
    res.end(getAuth(req).session.user.sub);
  }),
);

// Fastify has Node's request in `request.raw`, and Koa in `ctx.req`.
export const fastify = async (request: { raw: IncomingMessage }) => subjectOf(getSignedInAuth(request.raw));
export const koa = (ctx: { req: IncomingMessage; body?: unknown }): void => {
  ctx.body = getSignedInAuth<Data>(ctx.req).session.data.cart;
};
const subjectOf = ({ session }: SignedInAuth): string => session.user.sub;

export const ofFramework = async ({ raw }: { raw: IncomingMessage }): Promise<string | undefined> => {
  const { session, getAccessToken }: RequestAuth = getAuth(raw);
  return session?.user.name ?? getAccessToken({ refresh: true });
};

interface Data {
  cart: string[];
}
export const cartOf = (req: IncomingMessage): string[] => getAuth<Data>(req).session?.data.cart ?? [];

export const api = (req: IncomingMessage, res: ServerResponse): void =>
  verify(req, res, () => res.end((req as VerifiedMessage).accessToken.claims.sub));
