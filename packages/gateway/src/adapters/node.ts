// Serves requests of node:http, and of the compatibility API of node:http2.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { HttpHandler } from "../http/message.ts";
import { NodeRequest } from "./node-request.ts";
import { NodeResponse } from "./node-response.ts";
import { Proxies, type TrustProxy } from "./proxies.ts";

/** A listener for the event `request` of the servers of node:http, node:https and node:http2. */
export type NodeListener = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => void;

export interface NodeListenerOptions {
  /** The path below which a framework has mounted the gateway, such as `/api`. Default: none. */
  readonly prefix?: string | undefined;
  /** The proxies to trust. Default: none. */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * Whether the listener is for the event `checkContinue`: the client gets 100 (Continue) once the
   * gateway reads the body. Default: `false`, because Node has sent it.
   */
  readonly sendsContinue?: boolean | undefined;
}

/** @throws TypeError for a `trustProxy` that is not valid. */
export function nodeListener(handler: HttpHandler, options: NodeListenerOptions = {}): NodeListener {
  const { prefix = "", sendsContinue = false } = options;
  const proxies = new Proxies(options.trustProxy);
  return (raw, rawResponse) => {
    const response = new NodeResponse(raw, rawResponse, sendsContinue);
    handler(new NodeRequest(raw, response, proxies, prefix), response);
  };
}
