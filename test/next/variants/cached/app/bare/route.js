import { auth } from "../../lib/auth.js";

export const GET = async () => Response.json((await auth.getSession())?.user.sub ?? null);
