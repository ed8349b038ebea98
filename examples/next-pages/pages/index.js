import Link from "next/link";
import { useUser } from "../lib/user.js";

export default function Home() {
  const { user, loading } = useUser();
  if (loading) return <p>Loading</p>;
  return (
    <main>
      <h1>{user ? `Hello ${user.name}` : "You are not signed in"}</h1>
      {user ? <a href="/api/logout">Sign out</a> : <a href="/api/login">Sign in</a>}
      <Link href="/profile">Profile</Link>
    </main>
  );
}
