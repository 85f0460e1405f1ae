// Creates certificates for a run.
import { join } from "node:path";
import { createCertificates } from "@grpc-study/server/certs";
import type { TlsFiles } from "../peers/peer.ts";
import { temporaryFolder } from "../process/temporary.ts";

export async function makeCertificates(): Promise<TlsFiles> {
  const dir = join(temporaryFolder(), "certs");
  await createCertificates({ dir });
  return { ca: join(dir, "ca.pem"), cert: join(dir, "server.pem"), key: join(dir, "server.key") };
}
