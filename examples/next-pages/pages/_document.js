import { Head, Html, Main, NextScript } from "next/document";
import { style } from "../../page.js";

export default function Document() {
  return (
    <Html lang="en">
      <Head>
        <style>{style}</style>
      </Head>
      <body>
        <Main />
        <NextScript />
      </body>
    </Html>
  );
}
