import Head from "next/head";
import { useState } from "react";
import auth0 from "../lib/auth0.js";
import { fetchUser } from "../lib/user.js";

export default function Profile({ user }) {
  const [shows, setShows] = useState();
  const load = async () => setShows(await (await fetch("/api/shows")).json());
  if (!user) return <a href="/api/login">Sign in</a>;
  return (
    <main>
      <Head>
        <title>Profile</title>
      </Head>
      <h1>{user.name}</h1>
      <pre>{JSON.stringify(user, null, 2)}</pre>
      <button type="button" onClick={load}>
        Shows
      </button>
      {shows && <pre id="shows">{JSON.stringify(shows)}</pre>}
      <p>
        <a href="/api/logout">Sign out</a>
      </p>
    </main>
  );
}

/** Reads the user from the session on the server, and from `/api/me` in the browser. */
Profile.getInitialProps = async ({ req, res }) => {
  if (typeof window !== "undefined") return { user: await fetchUser() };
  const session = await auth0.getSession(req);
  if (session?.user) return { user: session.user };
  res.writeHead(302, { Location: "/api/login" });
  res.end();
  return {};
};
