import { randomBytes } from "node:crypto";
import secureSession from "@fastify/secure-session";
import createFastify from "fastify";

export default {
  name: "@fastify/secure-session",
  note: "a native addon (libsodium); XSalsa20-Poly1305",
  async create(session) {
    const fastify = createFastify();
    await fastify.register(secureSession, { key: randomBytes(32) });
    await fastify.ready();
    // The library writes a time into the object.
    const secureSessionObject = fastify.createSecureSession({ ...session });
    return {
      seal: () => fastify.encodeSecureSession(secureSessionObject),
      open: (sealed) => fastify.decodeSecureSession(sealed).data(),
    };
  },
};
