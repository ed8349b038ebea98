import type { ReactNode } from "react";
import { style } from "../../page.js";

export const metadata = { title: "latchkey on Next.js" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        <style>{style}</style>
      </head>
      <body>{children}</body>
    </html>
  );
}
