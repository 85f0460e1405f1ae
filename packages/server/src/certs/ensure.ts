// What a server does about its certificates when it starts.
import { resolve } from "node:path";
import { createCertificates } from "./create.ts";
import { CertificatesError } from "./error.ts";
import { commandFor } from "./folder.ts";
import { type CertificateSet, readCertificates } from "./read.ts";

export interface Ensured {
  /** Whether they were made just now, since there were none. */
  readonly made: boolean;
  readonly set: CertificateSet;
}

/**
 * Makes certificates if a folder has none. Else changes nothing: an expired set may be known to clients, and is for its owner to renew. A
 * server needs `ca.pem`, `server.pem` and `server.key`; what else is in the folder, or is not, does not matter to it.
 *
 * @throws CertificatesError if what is there is not what a server needs. It says what is wrong, and what to type.
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
        set.state === "expired" ? `\`${commandFor(folder)}\` renews it` : `\`${commandFor(folder, "--force")}\` makes everything new`;
      throw new CertificatesError(`${folder}: ${set.problems.join("; ")}; ${command}`);
    }
  }
}
