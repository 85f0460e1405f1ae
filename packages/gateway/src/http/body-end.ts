// The end of a request body that has a stream of messages.
import { afterReset, halfClosesBeforeReset } from "@grpc-study/rpc/transport";
import type { HttpRequest } from "./message.ts";

/**
 * Calls a function once the end of a body is final. A client on Node's http2, such as connect-node, ends
 * the body of a request that it cancels, and resets the stream later.
 */
export function afterFinalEnd({ version, headers }: Pick<HttpRequest, "version" | "headers">, callback: () => void): void {
  if (version === 2 && halfClosesBeforeReset(headers["user-agent"] ?? "")) afterReset(callback);
  else callback();
}
