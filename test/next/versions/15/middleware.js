import { auth } from "./lib/auth.js";

export const middleware = auth.middleware;
