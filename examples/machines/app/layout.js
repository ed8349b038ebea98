import { style } from "../../page.js";

export const metadata = { title: "latchkey on several machines" };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <style>{style}</style>
      </head>
      <body>{children}</body>
    </html>
  );
}
