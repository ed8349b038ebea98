import { auth } from "./lib/auth.js";

export const proxy = auth.proxy;
