// Certificates for the run, in a folder that goes with it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificates } from "@grpc-study/server/certs";
import type { TlsFiles } from "../peers/peer.ts";

export interface Certificates extends AsyncDisposable {
  readonly files: TlsFiles;
}

export async function makeCertificates(): Promise<Certificates> {
  const dir = await mkdtemp(join(tmpdir(), "grpc-study-bench-"));
  await createCertificates({ dir });
  return {
    files: { ca: join(dir, "ca.pem"), cert: join(dir, "server.pem"), key: join(dir, "server.key") },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
