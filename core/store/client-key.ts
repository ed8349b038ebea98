/** A client and its provider as text: two providers may have users, sessions and refresh tokens of the same name. */
export const clientKey = ({ issuer, clientId }: { readonly issuer: string; readonly clientId: string }): string =>
  encodeURI(`${clientId} ${issuer}`);
