import { H3Event, sealSession, unsealSession } from "h3";

export default {
  name: "h3",
  note: "derives two keys each time (PBKDF2, 8,192 iterations); AES-256-CBC and HMAC",
  async create(session) {
    const password = "a password for the bench of at least thirty-two characters";
    const event = new H3Event(new Request("https://app.example/"));
    event.context.sessions = { h3: { id: "bench", createdAt: Date.now(), data: session } };
    return {
      seal: () => sealSession(event, { password }),
      open: async (sealed) => (await unsealSession(event, { password }, sealed)).data,
    };
  },
};
