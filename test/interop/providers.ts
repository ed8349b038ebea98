import type { Provider } from "./provider.js";
import { betterAuth } from "./providers/better-auth.js";
import { django } from "./providers/django.js";
import { glewlwyd } from "./providers/glewlwyd.js";
import { lemonldap } from "./providers/lemonldap.js";
import { oidcProvider } from "./providers/oidc-provider.js";

/** The providers, in the order of the table. */
export const providers: readonly Provider[] = [oidcProvider, glewlwyd, lemonldap, betterAuth, django];
