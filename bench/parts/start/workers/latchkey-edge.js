import { createAuth } from "../../../../dist/edge.js";
import { baseUrl, clientId, issuer, secret } from "./shared.js";

const auth = createAuth({ issuer, clientId, clientSecret: "client-secret", secret, baseUrl });

export default { fetch: auth.wrap((_request, { session }) => new Response(session?.user.sub)) };
