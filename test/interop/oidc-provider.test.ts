import { oidcProvider } from "./providers/oidc-provider.js";
import { runInterop } from "./run.js";

runInterop(oidcProvider);
