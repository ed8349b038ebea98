/** The people that the sign-in page offers. Any other name works too. @type {Record<string, string>} */
export const people = { ada: "Ada Lovelace", grace: "Grace Hopper", alan: "Alan Turing" };

/** The one password. */
export const password = "demo";

/** @param {string} text */
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * The account of a name, as oidc-provider asks for it: made up on the spot, so that any name can sign in.
 * @param {string} sub
 */
export const accountOf = (sub) => ({
  accountId: sub,
  claims: async () => ({
    sub,
    name: people[sub] ?? capitalised(sub),
    nickname: sub,
    email: `${sub}@example.org`,
    email_verified: true,
  }),
});

/** A name as a subject: what a `sub` may hold, in lower case. Undefined where nothing usable is left. @param {string} name */
export const subjectOf = (name) => /^[a-z0-9][a-z0-9._-]{0,30}$/.exec(name.trim().toLowerCase())?.[0];
