/** The settings that the workers and the code that makes their cookies share. */
export const secret = "a secret for the bench of at least thirty-two characters";
export const issuer = "https://latchkey.eu.example/";
export const clientId = "client";
export const baseUrl = "https://app.example";
