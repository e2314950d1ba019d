// A client like that of @connectrpc/connect, without the kinds of calls that no
// browser can make: a kilobyte less.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { CallOptions, Client, Transport } from "@connectrpc/connect";

type Unary = Parameters<Transport["unary"]>;
type Stream = Parameters<Transport["stream"]>;

export function createClient<S extends DescService>(service: S, transport: Transport): Client<S> {
  const client: Record<string, unknown> = {};
  for (const method of service.methods) {
    if (method.methodKind === "unary") {
      client[method.localName] = async (input: Unary[4], { signal, timeoutMs, headers }: CallOptions = {}) =>
        (await transport.unary(method as Unary[0], signal, timeoutMs, headers, input)).message;
    }
    if (method.methodKind === "server_streaming") {
      client[method.localName] = (input: unknown, options?: CallOptions) => read(transport, method, input, options);
    }
  }
  return client as Client<S>;
}

async function* read(transport: Transport, method: DescMethod, input: unknown, { signal, timeoutMs, headers }: CallOptions = {}) {
  async function* once() {
    yield input;
  }
  const answer = await transport.stream(method as Stream[0], signal, timeoutMs, headers, once() as Stream[4]);
  yield* answer.message;
}
