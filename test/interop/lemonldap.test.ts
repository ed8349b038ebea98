import { lemonldap } from "./providers/lemonldap.js";
import { runInterop } from "./run.js";

runInterop(lemonldap);
