// Lets go of a call that has ended.
//
// grpc-js has the calls of a connection in a Set, and Node its streams in a Map; by what linked-set.ts tells, both keep calls alive long after they have been taken out.
// Each stream refers to everything of its call, from the listeners of grpc-js's five layers to the messages: under load, V8's collector copies all of it, and takes
// a third of the client's time. So when a call has ended, what is below is made to forget what is above.
import type { ClientHttp2Stream } from "node:http2";
import type { StartedCall } from "./raw-call.ts";

/** The private parts of a channel's call: ResolvingCall, RetryingCall, LoadBalancingCall, Http2SubchannelCall. Where they are not what they were, nothing is done. */
export interface Layers {
  readonly child?: { readonly underlyingCalls?: readonly { readonly call?: { readonly child?: SubchannelCall | null } }[] } | null;
}

interface SubchannelCall {
  listener: object;
  readonly http2Stream: ClientHttp2Stream;
}

/** The HTTP/2 streams of a call, one for each attempt that has one. */
export function streamsOf(raw: StartedCall): ClientHttp2Stream[] {
  return ((raw as Layers).child?.underlyingCalls ?? []).flatMap(({ call }) => call?.child?.http2Stream ?? []);
}

/** Whether a call has not been given to a connection, nor to what waits for one. */
export function isWaiting(raw: StartedCall): boolean {
  return (raw as Layers).child === null;
}

/** For whoever still has something to tell. */
const nobody = { onReceiveMetadata() {}, onReceiveMessage() {}, onReceiveStatus() {} };

/** After its status. */
export function release(raw: StartedCall): void {
  for (const { call } of (raw as Layers).child?.underlyingCalls ?? []) {
    const subchannelCall = call?.child;
    if (subchannelCall?.listener === undefined) continue;
    subchannelCall.listener = nobody;
    subchannelCall.http2Stream?.once("close", forget);
  }
}

function forget(this: ClientHttp2Stream): void {
  this.removeAllListeners().on("error", ignore);
}

function ignore(): void {}
