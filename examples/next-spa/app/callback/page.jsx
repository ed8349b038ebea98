"use client";
import { useAuth } from "latchkey/react";
import Link from "next/link";

// Sign-ins come back here; AuthProvider ends them, and goes on to where they began. One that failed stays.
export default function Callback() {
  const { error, isLoading } = useAuth();
  if (isLoading && !error) return <p>Signing in…</p>;
  return (
    <>
      <p>{error ? error.message : "Signing in…"}</p>
      <p>
        <Link href="/">Home</Link>
      </p>
    </>
  );
}
