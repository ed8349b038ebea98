// A server without a framework. It is compiled without the types of any framework: see test/repository/users.test.ts.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  auth,
  getAuth,
  MisuseError,
  type RequestAuth,
  requireSession,
  type VerifiedMessage,
  verifyAccessToken,
} from "latchkey/node";

const [signIn, guard, verify] = [auth(), requireSession(), verifyAccessToken()];

createServer((req, res) =>
  signIn(req, res, (error) => {
    if (error instanceof MisuseError) return res.writeHead(500).end(error.code);
    guard(req, res, () => res.end(getAuth(req).session?.user.sub));
  }),
);

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
