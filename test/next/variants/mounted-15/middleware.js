import { auth } from "./lib/auth.js";

export const middleware = auth.middleware;

export const config = { runtime: "nodejs", matcher: ["/((?!_next/static|_next/image|logo.png).*)"] };
