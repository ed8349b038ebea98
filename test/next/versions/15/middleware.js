export { ownProxy as middleware } from "./lib/own-proxy.js";
