// Calls in gRPC to methods that the gateway does not have, for its observer. The transport ends them.
import { Code } from "@grpc-study/rpc";
import type { UnknownCall } from "@grpc-study/rpc/transport";
import type { Settings } from "../exchange.ts";
import { requestIdFrom } from "../http/request-id.ts";
import { isObserving, Observation } from "../observe.ts";
import { type Origin, type OriginOf, requestInfo } from "./origin.ts";

/** Returns an observer for the transport. */
export function unknownCalls(gateway: { readonly settings: Settings }, originOf: OriginOf): (call: UnknownCall) => void {
  return (call) => {
    const { settings } = gateway;
    if (!isObserving(settings)) return;
    const { path, metadata, authority } = call;
    let origin: Origin;
    try {
      origin = originOf(call, metadata);
    } catch {
      // A request for another host is not one to the gateway.
      return;
    }
    const info = requestInfo(path, metadata, authority, origin);
    const observation = Observation.begin(settings, { ...info, requestId: requestIdFrom(info.headers) }, "grpc", undefined);
    observation?.end({ protocol: "grpc", code: Code.UNIMPLEMENTED, status: 200, route: undefined, method: undefined });
  };
}
