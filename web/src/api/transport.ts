import type { Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { bearer } from "../features/session/session";
import { API_URL, SAME_ORIGIN } from "./url";

const authenticate: Interceptor = (next) => (request) => {
  const token = bearer();
  if (token) request.header.set("Authorization", `Bearer ${token}`);
  return next(request);
};

/** No cookie leaves for another origin; there a bearer token is the only proof. */
export const transport = createGrpcWebTransport({
  baseUrl: API_URL,
  defaultTimeoutMs: 15_000,
  interceptors: [authenticate],
  fetch: (input, init) =>
    fetch(input, { ...init, credentials: bearer() || !SAME_ORIGIN ? "omit" : "same-origin", cache: "no-store" }),
});
