import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildNext, next } from "../next-build.js";

/** What the app's pages are built with: all of it is public. @param {import("../start.js").Place} place @param {string} api @param {string} audience */
const variables = ({ issuer, clientId }, api, audience = api) => ({
  NEXT_PUBLIC_ISSUER: issuer,
  NEXT_PUBLIC_CLIENT_ID: clientId,
  NEXT_PUBLIC_API: api,
  NEXT_PUBLIC_AUDIENCE: audience,
});

/**
 * One app, two ways to run it: `npm run example -- next-spa static`, or `serverless`.
 * @type {{ flavours: Record<string, import("../start.js").Example> }}
 */
export default {
  flavours: {
    static: {
      on: "Next.js as a static site, its API on a server of its own",
      port: 3009,
      isPublic: true,
      async command({ temporary, place }) {
        await buildNext("next-spa", { FLAVOUR: "static", ...variables(place, `${place.api}/shows`, place.api) });
        // The built site is files: any server will do.
        const site = join(temporary, "site");
        cpSync(new URL("out", import.meta.url), site, { recursive: true });
        rmSync(new URL("out", import.meta.url), { recursive: true });
        return [process.execPath, "serve.js", site];
      },
    },
    serverless: {
      on: "Next.js, pages and an API route on a server, people in the browser",
      port: 3010,
      isPublic: true,
      audience: ({ url }) => `${url}/api/shows/`,
      variables: (place) => ({ FLAVOUR: "serverless", ...variables(place, `${place.url}/api/shows/`) }),
      async command({ port, place }) {
        await buildNext("next-spa", { FLAVOUR: "serverless", ...variables(place, `${place.url}/api/shows/`) });
        return [process.execPath, next, "start", "-p", port];
      },
    },
  },
};
