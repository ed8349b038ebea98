import { betterAuth } from "./providers/better-auth.js";
import { runInterop } from "./run.js";

runInterop(betterAuth);
