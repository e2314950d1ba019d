// How the page reaches the server: gRPC-Web, proved by the session's cookie or
// by a bearer token that lives in this module's memory and nowhere else.
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { ApiKeyService } from "../gen/satcap/v1/api_key_service_pb";
import { LimitService } from "../gen/satcap/v1/limit_service_pb";
import { UsageService } from "../gen/satcap/v1/usage_service_pb";
import { createClient } from "./client";

// A page on another origin names the server in its own markup. The address bar
// has no say: a link must not send anybody's token elsewhere.
function serverAddress(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="satcap-api"]')?.content;
  const address = meta || (import.meta.env["VITE_API"] as string | undefined) || ".";
  return new URL(address, document.baseURI.replace(/#.*/, "")).href.replace(/\/$/, "");
}

export const server = serverAddress();
export const sameOrigin = new URL(server).origin === location.origin;

let bearer: string | undefined;

export const setBearer = (token: string | undefined): void => void (bearer = token);
export const hasBearer = (): boolean => bearer !== undefined;

const prove: Interceptor = (next) => (request) => {
  if (bearer !== undefined) request.header.set("Authorization", `Bearer ${bearer}`);
  return next(request);
};

// Of a cookie and a token the server judges one: send only the one that is meant.
const credentials = (): RequestCredentials => (sameOrigin && bearer === undefined ? "same-origin" : "omit");

export const transport = createGrpcWebTransport({
  baseUrl: server,
  interceptors: [prove],
  defaultTimeoutMs: 15_000,
  fetch: (input, init) => fetch(input, { ...init, credentials: credentials() }),
});

export const keyClient = createClient(ApiKeyService, transport);
export const limitClient = createClient(LimitService, transport);
export const usageClient = createClient(UsageService, transport);
