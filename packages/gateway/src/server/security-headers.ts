// The security headers of Helmet for API responses
// (https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html).
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import helmet from "helmet";
import type { ResponseHeaders } from "../http/message.ts";

export interface SecurityOptions {
  /** Whether the server uses TLS. */
  readonly secure: boolean;
  /** Whether pages of other origins may read responses. */
  readonly shared: boolean;
}

/**
 * Computes the headers once, because they are the same for all responses. Runs Helmet on a response
 * that is never sent.
 */
export function securityHeaders({ secure, shared }: SecurityOptions): ResponseHeaders {
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginResourcePolicy: { policy: shared ? "cross-origin" : "same-origin" },
    strictTransportSecurity: secure,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xFrameOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  setHeaders(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}
