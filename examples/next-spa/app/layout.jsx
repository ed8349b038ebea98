import { style } from "../../page.js";
import { SignIn } from "./sign-in.jsx";

export const metadata = { title: "latchkey in the browser" };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <style>{style}</style>
      </head>
      <body>
        <SignIn>{children}</SignIn>
      </body>
    </html>
  );
}
