import { auth } from "./lib/auth.js";

export const proxy = auth.proxy;

export const config = { matcher: ["/((?!_next/static|_next/image|logo.png).*)"] };
