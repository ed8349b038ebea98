"use client";
import { AuthProvider } from "latchkey/react";
import { useRouter } from "next/navigation";

const origin = typeof location === "undefined" ? "http://localhost" : location.origin;

export function SignIn({ children }) {
  const router = useRouter();
  return (
    <AuthProvider
      issuer={process.env.NEXT_PUBLIC_ISSUER}
      clientId={process.env.NEXT_PUBLIC_CLIENT_ID}
      redirectUri={`${origin}/callback/`}
      silentRedirectUri={`${origin}/silent.html`}
      audience={process.env.NEXT_PUBLIC_AUDIENCE}
      resourceIndicators
      scope="openid profile email read:shows"
      onRedirectCallback={(_appState, returnTo) => router.replace(returnTo)}
    >
      {children}
    </AuthProvider>
  );
}
