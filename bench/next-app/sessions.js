import { Auth0Client } from "@auth0/nextjs-auth0/server";
import { createAuth } from "latchkey/next";

const { BENCH_SECRET: secret } = process.env;

export const auth = createAuth({
  issuer: "https://issuer.example",
  clientId: "bench",
  clientSecret: "bench",
  baseUrl: "http://127.0.0.1",
  secret,
});

export const auth0 = new Auth0Client({
  domain: "issuer.example",
  clientId: "bench",
  clientSecret: "bench",
  appBaseUrl: "http://127.0.0.1",
  secret,
});
