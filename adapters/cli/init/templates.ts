// Drawn from the blocks of the documents by `npm run diagram`; a test compares. Change the documents.

/** The files of the documents, by the test that runs them. */
export const templates = {
  express: [
    {
      path: "app.ts",
      ts: `import express from "express";
import { auth, requireSession } from "latchkey/express";

const app = express();
app.use(auth());

app.get("/", (req, res) => {
  res.send(
    req.auth.session
      ? \`<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>\`
      : \`<a href="/auth/login">Sign in</a>\`,
  );
});

app.get("/invoices", requireSession(), (req, res) => {
  res.json({ user: req.auth.session.user });
});

app.listen(3000);
`,
    },
  ],
  node: [
    {
      path: "server.ts",
      ts: `import { createServer } from "node:http";
import { auth, getAuth, getSignedInAuth, requireSession } from "latchkey/node";

const signIn = auth();
const guard = requireSession();

const app = createServer((req, res) =>
  signIn(req, res, (error) => {
    if (error) return res.writeHead(500).end();
    res.setHeader("content-type", "text/html");
    if (req.url === "/invoices")
      return guard(req, res, () => res.end(\`The invoices of \${getSignedInAuth(req).session.user.sub}\`));
    res.end(
      getAuth(req).session
        ? \`<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>\`
        : \`<a href="/auth/login">Sign in</a>\`,
    );
  }),
);

app.listen(3000);
`,
    },
  ],
  next: [
    {
      path: "auth.ts",
      ts: `import { createAuth } from "latchkey/next";

export const auth = createAuth();
`,
    },
    {
      path: "app/auth/[...latchkey]/route.ts",
      ts: `import { auth } from "@/auth";

export const { GET, POST } = auth.handlers;
`,
    },
    {
      path: "proxy.ts",
      ts: `import { auth } from "@/auth";

export const proxy = auth.proxy; // before Next 16, in middleware.ts: export const middleware = auth.middleware
`,
    },
    {
      path: "app/page.tsx",
      ts: `import { Suspense } from "react";
import { auth } from "@/auth";

async function Hello() {
  const session = await auth.getSession();
  if (!session) return <form action="/auth/login"><button>Sign in</button></form>;
  return <form method="post" action="/auth/logout">Signed in as {session.user.sub}. <button>Sign out</button></form>;
}

export default function Home() {
  return <Suspense fallback="One moment."><Hello /></Suspense>;
}
`,
    },
  ],
  "next-pages": [
    {
      path: "auth.ts",
      ts: `import { createAuth } from "latchkey/next";

export const auth = createAuth({ mount: "/api/auth" });
`,
    },
    {
      path: "pages/api/auth/[...latchkey].ts",
      ts: `import { auth } from "@/auth";

export default auth.apiHandler;
`,
    },
    {
      path: "pages/account.tsx",
      ts: `import type { User } from "latchkey/next";
import { auth } from "@/auth";

export const getServerSideProps = auth.requireSessionPage(); // or requireSessionPage(async (context, session) => ({ props: { … } }))

export default function Account({ user }: { user: User }) {
  return <h1>{user.name}</h1>;
}
`,
      js: `import { auth } from "@/auth";
export const getServerSideProps = auth.requireSessionPage(); // or requireSessionPage(async (context, session) => ({ props: { … } }))
export default function Account({ user }) {
  return <h1>{user.name}</h1>;
}
`,
    },
    {
      path: "pages/api/invoices.ts",
      ts: `import { auth } from "@/auth";

export default auth.requireSessionApi((_req, res, { session }) => res.json({ user: session.user }));
`,
    },
  ],
  edge: [
    {
      path: "app.ts",
      ts: `import { createAuth } from "latchkey/edge";

const auth = createAuth({ env: process.env });

const invoices = auth.requireSession((request, { session }) => Response.json({ user: session.user }));

export default {
  fetch: auth.wrap((request, { session }) => {
    if (new URL(request.url).pathname === "/invoices") return invoices(request);
    const page = session
      ? \`<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>\`
      : \`<a href="/auth/login">Sign in</a>\`;
    return new Response(page, { headers: { "content-type": "text/html" } });
  }),
};
`,
    },
  ],
  hono: [
    {
      path: "app.ts",
      ts: `import { type ExecutionContext, Hono } from "hono";
import { createAuth } from "latchkey/edge";

const auth = createAuth({ env: process.env });
const app = new Hono();

app.get("/", async (c) =>
  c.html(
    (await auth.getSession(c.req.raw))
      ? \`<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>\`
      : \`<a href="/auth/login">Sign in</a>\`,
  ),
);
app.get("/invoices", (c) =>
  auth.requireSession((_request, { session }) => c.json({ user: session.user }))(c.req.raw),
);

export default {
  fetch: auth.wrap((request, _auth, ...passed: [env?: object, context?: ExecutionContext]) =>
    app.fetch(request, ...passed),
  ),
};
`,
      js: `import { Hono } from "hono";
import { createAuth } from "latchkey/edge";
const auth = createAuth({ env: process.env });
const app = new Hono();
app.get("/", async (c) =>
  c.html(
    (await auth.getSession(c.req.raw))
      ? \`<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>\`
      : \`<a href="/auth/login">Sign in</a>\`,
  ),
);
app.get("/invoices", (c) => auth.requireSession((_request, { session }) => c.json({ user: session.user }))(c.req.raw));
export default {
  fetch: auth.wrap((request, _auth, ...passed) => app.fetch(request, ...passed)),
};
`,
    },
  ],
  "react-quick-start": [
    {
      path: "src/App.tsx",
      ts: `import { AuthProvider, useAuth } from "latchkey/react";

function Hello() {
  const { user, isLoading, error, login, logout } = useAuth();
  if (isLoading) return <p>One moment.</p>;
  if (user) return <button onClick={() => logout()}>Sign out, {user.name}</button>;
  return <button onClick={() => login()}>{error ? "Try again" : "Sign in"}</button>;
}

export default function App() {
  return (
    <AuthProvider
      issuer="https://tenant.eu.auth0.com/"
      clientId="your-client-id"
      redirectUri="https://app.example/callback/" // on the origin of this page
    >
      <Hello />
    </AuthProvider>
  );
}
`,
    },
  ],
  wrangler: [
    {
      path: "wrangler.toml",
      ts: `name = "my-app"
main = "app.ts"
compatibility_date = "2026-01-01"

[dev]
port = 3000
`,
      js: `name = "my-app"
main = "app.js"
compatibility_date = "2026-01-01"

[dev]
port = 3000
`,
    },
  ],
};
