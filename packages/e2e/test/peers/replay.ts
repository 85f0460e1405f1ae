// A server with fixed responses that records its requests. Each peer runs it on its own stack.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Exchange } from "../contract/topic.ts";

export interface Replay {
  readonly methods: readonly DescMethod[];
  /** The calls so far, as the server received them. */
  readonly seen: { readonly method: DescMethod; readonly requests: JsonObject[] }[];
  /** Starts the next call of a method. */
  start(method: DescMethod): {
    /**
     * Handles a request. Returns the immediate responses: one in a conversation, otherwise none.
     */
    receive(request: JsonObject): readonly JsonObject[];
    /** Returns the remaining responses after the last request. */
    rest(): readonly JsonObject[];
  };
}

/** Several calls of one method receive responses in the order of the exchanges. */
export function createReplay(exchanges: readonly Exchange[]): Replay {
  const left = [...exchanges];
  const seen: Replay["seen"] = [];
  return {
    methods: [...new Set(exchanges.map(({ method }) => method))],
    seen,
    start(method) {
      const index = left.findIndex((exchange) => exchange.method === method);
      const [exchange] = index < 0 ? [] : left.splice(index, 1);
      if (exchange === undefined) throw new Error(`one call of ${method.name} too many`);
      const requests: JsonObject[] = [];
      seen.push({ method, requests });
      const responses = [...exchange.responses];
      return {
        receive(request) {
          requests.push(request);
          return method.methodKind === "bidi_streaming" ? responses.splice(0, 1) : [];
        },
        rest: () => responses.splice(0),
      };
    },
  };
}
