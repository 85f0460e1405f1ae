// Reads the configuration file.
import { closeSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { fileProblem } from "@grpc-study/command/file-problem";
import type { Config } from "./config.ts";
import { convert } from "./convert.ts";
import { ConfigDocument, type Fault, type Path, type Position } from "./document.ts";
import { schemaAt, schemaFaults } from "./schema-faults.ts";
import { expand } from "./variables.ts";

/** Maximum size of a configuration, in bytes. */
const maxBytes = 1024 * 1024;

/** A configuration with the positions of its values. */
export interface ConfigFile {
  readonly file: string;
  readonly config: Config;
  /** A line for a message about a value: `FILE:LINE:COLUMN: path: message`. */
  lineOf(path: Path, message: string): string;
  /** Orders paths by their positions. */
  compare(one: Path, other: Path): number;
}

/** A configuration is invalid. The message has one line for each fault: `FILE:LINE:COLUMN: path: message`. */
export class ConfigError extends Error {
  constructor(file: string, faults: readonly Fault[]) {
    super(faults.map((fault) => lineOf(file, fault)).join("\n"));
  }

  static {
    ConfigError.prototype.name = "ConfigError";
  }
}

function lineOf(file: string, { position: { line, column }, path, message }: Fault): string {
  return `${file}:${line}:${column}: ${path.length === 0 ? "" : `${textOf(path)}: `}${message}`;
}

/** `upstreams[0].tls.cert`, or `timeouts["shop.Orders.*"]`. */
function textOf(path: Path): string {
  const parts = path.map((name, index) => {
    if (typeof name === "number") return `[${name}]`;
    if (!/^[\w-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
    return index === 0 ? name : `.${name}`;
  });
  return parts.join("");
}

/**
 * Reads a configuration file in YAML or JSON.
 *
 * @throws ConfigError if the file cannot be read, or with all faults in it.
 */
export function readConfig(file: string, environment: Readonly<Record<string, string | undefined>> = process.env): ConfigFile {
  const whole = (message: string) => new ConfigError(file, [{ position: { line: 1, column: 1 }, path: [], message }]);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readAtMost(file));
  } catch (error) {
    if (error instanceof TypeError) throw whole("not a text in UTF-8");
    throw whole(error instanceof RangeError ? error.message : fileProblem(file, error));
  }
  const document = new ConfigDocument(text);
  document.eachText((value, path) => {
    const expanded = expand(value, environment);
    return expanded === value ? value : typed(expanded, path);
  });
  const value = document.faults.length > 0 ? undefined : document.value();
  if (document.faults.length > 0) throw new ConfigError(file, document.faults);
  if (value === null) throw whole("the file is empty");
  const faults = schemaFaults(value);
  const config = faults.length > 0 ? {} : convert(value, dirname(file), faults);
  if (faults.length > 0) {
    throw new ConfigError(
      file,
      faults
        .map(({ path, key, message }) => ({
          path,
          message,
          position: key === undefined ? document.positionOf(path) : document.positionOf(path.slice(0, -1), key),
        }))
        .sort((one, other) => comparePositions(one.position, other.position)),
    );
  }
  return {
    file,
    config,
    lineOf: (path, message) => lineOf(file, { position: document.positionOf(path), path, message }),
    compare: (one, other) => comparePositions(document.positionOf(one), document.positionOf(other)),
  };
}

function comparePositions(one: Position, other: Position): number {
  return one.line - other.line || one.column - other.column;
}

/** The text of a variable as the schema wants it: a number, a boolean, or the text itself. */
function typed(text: string, path: Path): unknown {
  const types = [schemaAt(path)?.type].flat();
  if (types.includes("string")) return text;
  if (types.includes("integer") && /^-?\d+$/.test(text)) return Number(text);
  if (types.includes("boolean") && /^(?:true|false)$/.test(text)) return text === "true";
  return text;
}

/** Reads a file that may be a device or a pipe. */
function readAtMost(file: string): Uint8Array {
  const fd = openSync(file, "r");
  try {
    const bytes = new Uint8Array(maxBytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(fd, bytes, length, bytes.length - length, null);
      if (read === 0) return bytes.subarray(0, length);
      length += read;
      if (length > maxBytes) throw new RangeError(`the file is larger than ${maxBytes} bytes`);
    }
  } finally {
    closeSync(fd);
  }
}
