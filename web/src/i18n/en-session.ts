// Words of signing in and out.
export const session = {
  title: "Sign in",
  lead: "Caps for what your API keys may spend.",
  development: "Open the link that satcap serve printed when it started. It signs this browser in, once.",
  codeRefused: "This sign-in link was used before, or belongs to an earlier start of the server. Take the newest one, or sign in with a token.",
  oidc: "Sign in with your account",
  or: "or",
  tokenLabel: "Access token",
  tokenHelp: "Kept in memory only: closing or reloading the page forgets it.",
  tokenSubmit: "Sign in with the token",
  tokenRefused: "The server does not accept this token.",
  embedded: "Waiting for the page around this one to sign you in …",
  checking: "Signing in",
  ended: "Your session has ended. Sign in again to go on where you were.",
  signOut: "Sign out",
  signedInAs: (subject: string) => `Signed in as ${subject}`,
  signOutFailed: "Signing out did not reach the server. Close the browser to be safe.",
};
