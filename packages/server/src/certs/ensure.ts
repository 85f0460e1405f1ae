// Ensures that a server that starts has certificates.
import { resolve } from "node:path";
import { createCertificates } from "./create.ts";
import { CertificatesError } from "./error.ts";
import { commandFor } from "./folder.ts";
import { type CertificateSet, readCertificates } from "./read.ts";

export interface Ensured {
  /** `true` if this call made them. */
  readonly made: boolean;
  readonly set: CertificateSet;
}

/**
 * Makes certificates if a folder has none, and otherwise changes nothing: clients may trust an
 * expired set, so its owner has to renew it. A server needs only `ca.pem`, `server.pem` and
 * `server.key`.
 *
 * @throws CertificatesError with the problem and the command to type, if these files are unusable.
 */
export async function ensureCertificates(dir: string): Promise<Ensured> {
  const set = await readCertificates(dir, { of: ["ca", "server"] });
  switch (set.state) {
    case "valid":
      return { made: false, set };
    case "absent": {
      const { action, set: made } = await createCertificates({ dir });
      return { made: action === "made", set: made };
    }
    default: {
      const folder = resolve(dir);
      const command =
        set.state === "expired" ? `\`${commandFor(folder)}\` renews it` : `\`${commandFor(folder, "--force")}\` replaces everything`;
      throw new CertificatesError(`${folder}: ${set.problems.join("; ")}; ${command}`);
    }
  }
}
