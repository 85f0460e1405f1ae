// A server that answers by rote, and notes what it was asked. What it runs on is for the peers to say.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Exchange } from "../contract/topic.ts";

export interface Replay {
  readonly methods: readonly DescMethod[];
  /** The calls so far, as the server saw them. */
  readonly seen: { readonly method: DescMethod; readonly requests: JsonObject[] }[];
  /** Begins the next call of a method. */
  start(method: DescMethod): {
    /** Takes a request. Returns what is answered to it at once: in a conversation one response a request, otherwise nothing. */
    receive(request: JsonObject): readonly JsonObject[];
    /** The responses that are left when there are no more requests. */
    rest(): readonly JsonObject[];
  };
}

/** Several calls of one method are answered in the order of the exchanges. */
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
