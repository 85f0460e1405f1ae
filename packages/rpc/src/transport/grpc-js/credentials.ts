// Certificates, as grpc-js takes them. Its way to renew them is in `experimental` only, and so not used.
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";
import { type ClientTls, clientCertificates, type ServerTls, serverCertificates } from "../../security/tls.ts";
import { refuseTls } from "./refusals.ts";

/** @throws TlsFileError if a certificate or key cannot be used, TypeError for an option that grpc-js does not have. */
export function serverCredentials(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  refuseTls(tls);
  const { ca = null, cert, key } = serverCertificates(tls).current();
  const pairs = cert === undefined || key === undefined ? [] : [{ cert_chain: cert, private_key: key }];
  return ServerCredentials.createSsl(ca, pairs, ca !== null);
}

/**
 * Credentials for a channel of grpc-js. `serverName` is not among them: it is the channel's option `grpc.ssl_target_name_override`.
 * @throws TlsFileError if a certificate or key cannot be used, TypeError for an option that grpc-js does not have.
 */
export function grpcJsCredentials({ serverName: _, ...tls }: ClientTls): ChannelCredentials {
  refuseTls(tls);
  const { ca = null, cert = null, key = null } = clientCertificates(tls).current();
  return credentials.createSsl(ca, key, cert);
}
