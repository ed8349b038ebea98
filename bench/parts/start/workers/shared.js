/** What the workers and those who make their cookies have to agree on. */
export const secret = "a secret for the bench of at least thirty-two characters";
export const issuer = "https://latchkey.eu.example/";
export const clientId = "client";
export const baseUrl = "https://app.example";
