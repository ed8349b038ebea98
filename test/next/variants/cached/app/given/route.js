import { auth } from "../../lib/auth.js";

export const GET = async (request) => Response.json((await auth.getSession(request))?.user.sub ?? null);
