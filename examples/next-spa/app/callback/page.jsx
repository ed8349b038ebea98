"use client";
import { useAuth } from "latchkey/react";
import Link from "next/link";

// The provider redirects here. AuthProvider completes the sign-in and calls `onRedirectCallback`; this page shows an error.
export default function Callback() {
  const { error, isLoading } = useAuth();
  if (isLoading && !error) return <p>Signing in…</p>;
  return (
    <main>
      <h1>{error ? "You are not signed in" : "One moment"}</h1>
      <p>{error ? error.message : "Signing in…"}</p>
      <p>
        <Link href="/">Home</Link>
      </p>
    </main>
  );
}
