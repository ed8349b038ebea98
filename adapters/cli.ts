#!/usr/bin/env node
import { randomBytes } from "node:crypto";

const [command] = process.argv.slice(2);
if (command === "secret") {
  console.log(randomBytes(32).toString("base64url"));
} else {
  console.error("usage: latchkey secret    prints a fresh secret for LATCHKEY_SECRET");
  process.exitCode = 2;
}
