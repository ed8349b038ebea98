import { auth } from "../../lib/auth.js";

export const GET = auth.wrap((_request, { session }) => Response.json(session?.user.sub ?? null));
