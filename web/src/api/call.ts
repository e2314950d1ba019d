import type { DescMessage, DescMethodServerStreaming, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { transport } from "./transport";

/** A call outside of any component. */
export async function call<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
): Promise<MessageShape<O>> {
  return (await transport.unary(method, undefined, undefined, undefined, input)).message;
}

/** A stream of messages, which ends when the signal says so. */
export async function* stream<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  input: MessageInitShape<I>,
  signal: AbortSignal,
  timeoutMs: number,
): AsyncIterable<MessageShape<O>> {
  async function* only() {
    yield input;
  }
  yield* (await transport.stream(method, signal, timeoutMs, undefined, only())).message;
}
