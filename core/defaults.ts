/** Defaults that servers and pages share. */

export const DEFAULT_SCOPE = "openid profile email";

/** Seconds that a request to the provider may take. */
export const HTTP_TIMEOUT = 5;

/** Seconds by which the provider's clock may differ. */
export const CLOCK_TOLERANCE = 30;

/** Seconds that a sign-in may take. */
export const TRANSACTION_DURATION = 900;
