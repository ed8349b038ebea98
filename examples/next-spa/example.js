import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildNext, next } from "../next-build.js";

/** The variables that the build puts into the pages: all of them are public. @param {import("../start.js").Settings} settings @param {string} api @param {string} audience */
const variables = ({ issuer, clientId }, api, audience = api) => ({
  NEXT_PUBLIC_ISSUER: issuer,
  NEXT_PUBLIC_CLIENT_ID: clientId,
  NEXT_PUBLIC_API: api,
  NEXT_PUBLIC_AUDIENCE: audience,
});

/**
 * One app in two variants: `npm run example -- next-spa static`, or `serverless`.
 * @type {import("../start.js").ExampleWithVariants}
 */
export default {
  variants: {
    static: {
      runsOn: "Next.js as a static site, with the API on another server",
      port: 3009,
      isPublic: true,
      async command({ temporary, settings }) {
        await buildNext("next-spa", {
          VARIANT: "static",
          ...variables(settings, `${settings.api}/shows`, settings.api),
        });
        // A static site is a folder of files: any web server can serve it.
        const site = join(temporary, "site");
        cpSync(new URL("out", import.meta.url), site, { recursive: true });
        rmSync(new URL("out", import.meta.url), { recursive: true });
        return [process.execPath, "serve.js", site];
      },
    },
    serverless: {
      runsOn: "Next.js with an API route, and sign-in in the browser",
      port: 3010,
      isPublic: true,
      audience: ({ url }) => `${url}/api/shows/`,
      variables: (settings) => ({ VARIANT: "serverless", ...variables(settings, `${settings.url}/api/shows/`) }),
      async command({ port, settings }) {
        await buildNext("next-spa", { VARIANT: "serverless", ...variables(settings, `${settings.url}/api/shows/`) });
        return [process.execPath, next, "start", "-p", port];
      },
    },
  },
};
