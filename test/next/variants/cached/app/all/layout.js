import { Suspense } from "react";
import { auth } from "../../lib/auth.js";

async function Name() {
  return <p>Layout: {(await auth.getSession())?.user.name ?? "nobody"}</p>;
}

export default function Layout({ children }) {
  return (
    <>
      <Suspense fallback="…">
        <Name />
      </Suspense>
      {children}
    </>
  );
}
