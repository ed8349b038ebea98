import Head from "next/head";
import Link from "next/link";
import { useUser } from "../lib/user.js";

export default function Home() {
  const { user, loading } = useUser();
  return (
    <main>
      <Head>
        <title>latchkey on Next.js, Pages Router</title>
      </Head>
      <h1>{loading ? "One moment" : user ? `Hello ${user.name}` : "You are not signed in"}</h1>
      {!loading && (user ? <a href="/api/logout">Sign out</a> : <a href="/api/login">Sign in</a>)}
      <p>
        <Link href="/profile">Profile</Link>, a page that needs a session
      </p>
    </main>
  );
}
