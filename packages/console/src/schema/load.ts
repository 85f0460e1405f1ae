// Reads what the gateway says about itself: its configuration, and its descriptors.
import type { Registry } from "@bufbuild/protobuf";
import { buildRegistry } from "./registry.ts";
import type { HttpRule } from "./services.ts";

/** The file `config.json` of the gateway. */
export interface ConsoleConfig {
  readonly title: string;
  /** The URL of the gateway, relative to the page. */
  readonly root: string;
  readonly readOnly: boolean;
  /** The protocols of the gateway: `rest`, `connect`, `grpc-web`, `grpc`. */
  readonly protocols: readonly string[];
  readonly upstreams: readonly { readonly name: string; readonly services: readonly string[] }[];
  readonly rules: Readonly<Record<string, readonly HttpRule[]>>;
  /** The URL of the documentation, relative to the page. */
  readonly docs?: string;
  /** Links of the header. Absent in gateways of earlier versions. */
  readonly links?: readonly { readonly title: string; readonly url: string }[];
}

export interface Loaded {
  readonly config: ConsoleConfig;
  readonly registry: Registry;
}

/** @throws Error if the gateway cannot be reached, or its descriptors are incomplete. */
export async function load(): Promise<Loaded> {
  const [config, descriptors] = await Promise.all([get("config.json"), get("descriptors.binpb")]);
  const [json, bytes] = await Promise.all([config.json(), bytesOf(descriptors)]);
  return { config: json as ConsoleConfig, registry: await buildRegistry(bytes) };
}

/** The body, read as it arrives: `arrayBuffer()` of 70 MB would be one long task. */
async function bytesOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) break;
    chunks.push(value);
    size += value.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response;
}
