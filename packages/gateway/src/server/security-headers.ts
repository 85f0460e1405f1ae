// Helmet's headers for answers that are data, not pages (https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html).
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Socket } from "node:net";
import helmet from "helmet";

export interface SecurityOptions {
  /** Whether it is served over TLS. */
  readonly secure: boolean;
  /** Whether pages of other origins may read the answers. */
  readonly shared: boolean;
}

/** They are the same for every response, and so are worked out once: by Helmet, for a response that nobody gets. */
export function securityHeaders({ secure, shared }: SecurityOptions): OutgoingHttpHeaders {
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
  return { ...response.getHeaders() };
}
