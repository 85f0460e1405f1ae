// TLS credentials for grpc-js. They do not reload certificates, because that API of grpc-js is
// `experimental`.
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";
import { checkOptionNames } from "../../checks.ts";
import { type ClientTls, clientCertificates, clientTlsNames, type ServerTls, serverCertificates } from "../../security/tls.ts";
import { checkClientTls, checkServerTls } from "./unsupported.ts";

/**
 * @throws TlsFileError if a certificate or key cannot be used, TypeError for an option that grpc-js
 * does not support.
 */
export function serverCredentials(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  checkServerTls(tls);
  const { ca = null, cert, key } = serverCertificates(tls).current();
  const pairs = cert === undefined || key === undefined ? [] : [{ cert_chain: cert, private_key: key }];
  return ServerCredentials.createSsl(ca, pairs, ca !== null);
}

/**
 * Creates credentials for a grpc-js channel, with the same options as the channels of this package.
 * Certificates are read once.
 *
 * @example
 * const credentials = grpcJsCredentials({ ca: "ca.pem" });
 * const channel = new grpc.Channel("dns:shop.example:50051", credentials, {});
 *
 * @throws TlsFileError if a certificate or key cannot be used, TypeError for an option that grpc-js
 * does not support.
 */
export function grpcJsCredentials(tls: Omit<ClientTls, "serverName" | "reloadMs" | "onReloadError"> = {}): ChannelCredentials {
  checkOptionNames("grpcJsCredentials()", tls, clientTlsNames);
  checkClientTls(tls);
  const { ca = null, cert = null, key = null } = clientCertificates(tls).current();
  return credentials.createSsl(ca, key, cert);
}
