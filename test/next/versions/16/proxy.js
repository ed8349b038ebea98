export { ownProxy as proxy } from "./lib/own-proxy.js";
