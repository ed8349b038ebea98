import App from "next/app.js";
import { Auth0Provider } from "../../../../adapters/react/index.js";

export default class Root extends App {
  render() {
    const { Component, pageProps } = this.props;
    return (
      <Auth0Provider domain={"tenant.eu.auth0.com"} clientId={"client"} redirectUri={"http://localhost:3000/"}>
        <Component {...pageProps} />
      </Auth0Provider>
    );
  }
}
