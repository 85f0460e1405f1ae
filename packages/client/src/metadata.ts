// Metadata on the command line. Values may be secrets, so error messages do not repeat them.

import { CommanderError } from "commander";

/** Values by key, as a call accepts them. */
export type MetadataEntries = Readonly<Record<string, readonly (string | Uint8Array)[]>>;

/**
 * Adds `key=value` to the entries of earlier options. The value of a key that ends in `-bin` is
 * base64.
 *
 * @throws CommanderError with the problem, without the value.
 */
export function addMetadata(text: string, previous: MetadataEntries = {}): MetadataEntries {
  const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw fault("must be key=value; the key may contain a-z 0-9 _ - .");
  const key = name.toLowerCase();
  if (key.startsWith("grpc-")) throw fault("keys that begin with grpc- are reserved");
  return { ...previous, [key]: [...(previous[key] ?? []), parseValue(key, value)] };
}

function parseValue(key: string, value: string): string | Uint8Array {
  if (key.endsWith("-bin")) {
    if (!/^[A-Za-z\d+/]*={0,2}$/.test(value)) throw fault("the value of a -bin key must be base64");
    return Buffer.from(value, "base64");
  }
  // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: ASCII-Value
  if (!/^[ -~]*$/.test(value)) throw fault("a value must be printable ASCII");
  return value;
}

/** commander's InvalidArgumentError would repeat the argument in its message. */
function fault(message: string): CommanderError {
  return new CommanderError(2, "client.metadata", `--metadata: ${message}`);
}
