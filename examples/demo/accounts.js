/** The users that the sign-in page suggests: user name and full name. Any other name works too. @type {Record<string, string>} */
export const suggestedUsers = { ada: "Ada Lovelace", grace: "Grace Hopper", alan: "Alan Turing" };

/** The password of every user. */
export const password = "demo";

/** @param {string} text */
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * The account of a user, in the form that oidc-provider expects. It is made up, so that any name can sign in.
 * @param {string} sub
 */
export const findAccount = (sub) => ({
  accountId: sub,
  claims: async () => ({
    sub,
    name: suggestedUsers[sub] ?? capitalised(sub),
    nickname: sub,
    email: `${sub}@example.org`,
    email_verified: true,
  }),
});

/** Turns a name into a subject identifier, in lower case; undefined if the name has other characters than a `sub` may have here. @param {string} name */
export const toSubject = (name) => /^[a-z0-9][a-z0-9._-]{0,30}$/.exec(name.trim().toLowerCase())?.[0];
