import { SignIn } from "./sign-in.jsx";

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <SignIn>{children}</SignIn>
      </body>
    </html>
  );
}
