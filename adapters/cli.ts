#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { postgresSchema } from "./stores/postgres.js";

const [command, ...rest] = process.argv.slice(2);
const [kind, table] = rest;
if (command === "secret" && rest.length === 0) {
  console.log(randomBytes(32).toString("base64url"));
} else if (command === "schema" && kind === "postgres") {
  console.log(postgresSchema(table));
} else {
  console.error(`usage: latchkey secret                     prints a fresh secret for LATCHKEY_SECRET
       latchkey schema postgres [table]    prints the statements that make the tables of postgresStore`);
  process.exitCode = 2;
}
