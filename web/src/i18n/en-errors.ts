// What went wrong, by the reason that the server gives.
export const errors = {
  code: (reason: string) => `Reason ${reason}`,
  request: (id: string) => `Request ${id}`,
  partial: "Unknown: this part could not be read.",
  byReason: {
    API_KEY_NOT_FOUND: "There is no such key, or it is not yours.",
    API_KEY_REVOKED: "The key is revoked, for good.",
    API_KEY_EXPIRED: "The key has expired. Create a new one.",
    API_KEY_PAUSED: "The key is paused. Resume it first.",
    REQUEST_ID_REUSED:
      "An earlier attempt did go through, with what the form said then. Close this and look at the list before you try again.",
    REVISION_MISMATCH: "The key has changed meanwhile.",
    UNAUTHENTICATED: "You are signed out.",
    PERMISSION_DENIED: "Your sign-in may read, and not change this.",
    TOO_MANY_FAILURES: "Too many failed sign-ins from your address. Wait a second and try again.",
    OVERLOADED: "The server is busy. Nothing happened; try again.",
    STORE_UNAVAILABLE: "The server cannot reach its database. Nothing happened; try again.",
    OUTCOME_UNKNOWN: "The server could not say whether it worked. Trying again is safe: nothing is done twice.",
    CLOCK_SKEW: "The server's clocks disagree, so it decides nothing. Its operator has to act.",
    DEADLINE_EXCEEDED: "The server took too long. It may or may not have worked; trying again is safe.",
    CANCELED: "The request was given up.",
    UNREACHABLE: "The server does not answer. Check the connection and try again.",
    INTERNAL: "The server has a defect. Its log has the details under the request below.",
  } as Record<string, string>,
};
