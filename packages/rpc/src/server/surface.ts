// What lies below a call: one of grpc-js, one of a stream of our own servers, or one without a socket.
import type { Metadata, ServerUnaryCall, StatusObject } from "@grpc/grpc-js";

/** What they have in common. */
export type Surface = Pick<
  ServerUnaryCall<Buffer, Buffer>,
  "metadata" | "cancelled" | "getPeer" | "getDeadline" | "getAuthContext" | "sendMetadata"
> & {
  /** The caller's `grpc-accept-encoding`, where that is known. */
  readonly acceptEncoding?: string;
  /** Whether the only request is still to come. Then `request` tells when it is there. */
  readonly awaitsRequest?: boolean;
  on(event: "cancelled" | "request", listener: () => void): unknown;
};

/** What our own tell, one listener each. */
export class SurfaceListeners {
  cancelled: (() => void) | undefined;
  request: (() => void) | undefined;
  readable: (() => void) | undefined;
  end: (() => void) | undefined;
  close: (() => void) | undefined;
  drain: (() => void) | undefined;
}

/** Takes the one response, or the error instead of it. */
export type RespondCallback<Response> = (error: Partial<StatusObject> | null, response?: Response, trailer?: Metadata) => void;
