// A server with fixed responses that records its requests. The peers run it on their own gRPC
// stacks.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Exchange } from "../contract/topic.ts";

export interface Replay {
  readonly methods: readonly DescMethod[];
  /** The calls so far, with the requests that the server received. */
  readonly seen: { readonly method: DescMethod; readonly requests: JsonObject[] }[];
  /** Starts the next call of a method. */
  start(method: DescMethod): {
    /**
     * Records a request. Returns the immediate response: one for each request of a bidirectional
     * stream, none for other kinds.
     */
    receive(request: JsonObject): readonly JsonObject[];
    /** Returns the remaining responses after the last request. */
    rest(): readonly JsonObject[];
  };
}

/** Several calls of one method get their responses in the order of the exchanges. */
export function createReplay(exchanges: readonly Exchange[]): Replay {
  const left = [...exchanges];
  const seen: Replay["seen"] = [];
  return {
    methods: [...new Set(exchanges.map(({ method }) => method))],
    seen,
    start(method) {
      const index = left.findIndex((exchange) => exchange.method === method);
      const [exchange] = index < 0 ? [] : left.splice(index, 1);
      if (exchange === undefined) throw new Error(`unexpected call of ${method.name}`);
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
