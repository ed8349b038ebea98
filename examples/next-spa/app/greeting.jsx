"use client";
import { useAuth } from "latchkey/react";

export function Greeting() {
  const { user, isAuthenticated, isLoading, login, logout } = useAuth();
  if (isLoading) return <p>…</p>;
  if (!isAuthenticated)
    return (
      <button type="button" onClick={() => login({ appState: { returnTo: "/" } })}>
        Sign in
      </button>
    );
  return (
    <>
      <p>Hello {user.name}</p>
      <button type="button" onClick={() => logout()}>
        Sign out
      </button>
    </>
  );
}
