// A channel to a server in the same process: no socket, no bytes, the same handlers, interceptors, deadlines and errors.
import { type ChannelInterface, connectivityState, type StatusObject } from "@grpc/grpc-js";
import type { Channel } from "../client/channel.ts";
import type { RawCall } from "../client/grpc-interceptors.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { type Handle, InProcessCall } from "./call.ts";
import { handOver } from "./codec.ts";

/** What a server has for its in-process channels. */
export interface InProcessServer {
  /** The method at a path, or why it cannot be called. */
  find(path: string): Handle | { readonly refusal: StatusObject };
  started(call: InProcessCall): void;
  ended(call: InProcessCall): void;
}

const target = "in-process";

export function inProcessChannel(server: InProcessServer): Channel {
  let closed = false;
  const close = () => {
    closed = true;
  };
  const grpc: Partial<ChannelInterface> = {
    close,
    getTarget: () => target,
    getConnectivityState: () => (closed ? connectivityState.SHUTDOWN : connectivityState.READY),
    createCall(path, deadline): RawCall {
      if (closed) throw new Error("the channel is closed");
      const at = typeof deadline === "number" ? deadline : deadline.getTime();
      return new InProcessCall(server, path, at) as unknown as RawCall;
    },
  };
  return {
    target,
    connectTimeoutMs: Number.POSITIVE_INFINITY,
    // Nobody reads along.
    secure: true,
    grpc: grpc as ChannelInterface,
    codec: handOver,
    connect: () => (closed ? Promise.reject(new RpcError(Code.UNAVAILABLE, "the channel is closed")) : Promise.resolve()),
    close,
    [Symbol.dispose]: close,
  };
}
