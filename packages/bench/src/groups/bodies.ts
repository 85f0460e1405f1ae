// Request bodies as files, which is how h2load takes them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Bodies<Name extends string> extends AsyncDisposable {
  /** By name, the file. */
  readonly files: Readonly<Record<Name, string>>;
}

export async function writeBodies<Name extends string>(bodies: Readonly<Record<Name, Uint8Array | string>>): Promise<Bodies<Name>> {
  const dir = await mkdtemp(join(tmpdir(), "grpc-study-bench-"));
  const entries = Object.entries<Uint8Array | string>(bodies);
  await Promise.all(entries.map(([name, body]) => writeFile(join(dir, name), body)));
  return {
    files: Object.fromEntries(entries.map(([name]) => [name, join(dir, name)])) as Record<Name, string>,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
