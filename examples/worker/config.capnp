using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-10-01",
      bindings = [
        (name = "LATCHKEY_ISSUER", fromEnvironment = "LATCHKEY_ISSUER"),
        (name = "LATCHKEY_CLIENT_ID", fromEnvironment = "LATCHKEY_CLIENT_ID"),
        (name = "LATCHKEY_CLIENT_SECRET", fromEnvironment = "LATCHKEY_CLIENT_SECRET"),
        (name = "LATCHKEY_SECRET", fromEnvironment = "LATCHKEY_SECRET"),
        (name = "LATCHKEY_BASE_URL", fromEnvironment = "LATCHKEY_BASE_URL"),
      ],
    )),
    # Allows requests to the demo's provider on this machine.
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);
