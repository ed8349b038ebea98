// Runs one app of peers/sign-in in its own process.
import { listen } from "../../examples/demo/listen.js";
import { handleMessages } from "./child.js";

handleMessages(async ({ file, ...settings }) => {
  const { createApp } = await import(`../peers/sign-in/${file}`);
  const { server, origin: baseUrl } = await listen("127.0.0.1", 0);
  server.on("request", await createApp({ ...settings, baseUrl }));
  return { ready: { baseUrl } };
});
