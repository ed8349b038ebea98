export { proxy } from "./lib/proxy.js";
