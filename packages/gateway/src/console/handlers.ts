// Serves the console: its page, its files, and what it reads of the gateway.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { DescService } from "@bufbuild/protobuf";
import { Code } from "@grpc-study/rpc";
import { HttpError } from "../http/errors.ts";
import type { Binding } from "../http-rule/rule.ts";
import { withKnownTypes } from "../known-types.ts";
import { redirect } from "../openapi/docs.ts";
import type { GatewayOptions } from "../options.ts";
import type { OwnHandler } from "../own-paths.ts";
import { registryOf } from "../routes.ts";
import { consoleConfig } from "./console-config.ts";
import type { ConsoleOptions } from "./console-options.ts";
import { descriptorSetOf } from "./descriptor-set.ts";
import { consoleFiles } from "./installed.ts";
import { type Content, sendContent } from "./serve-content.ts";

/** Finds the handler of a path. */
export type FindHandler = (path: string) => OwnHandler | undefined;

/** What the handlers are made of. */
export interface ConsoleServed {
  /** The path of the page, without a slash at its end. */
  readonly path: string;
  readonly console: ConsoleOptions;
  readonly options: GatewayOptions;
  readonly bindings: readonly Binding[];
  readonly services: Iterable<DescService>;
  /** Whether `/` redirects to the page, unless a rule matches it. */
  readonly home: boolean;
  /** Whether the console is served now. */
  readonly isOn: () => boolean;
}

/** The handlers of the page at `path`, of everything below it, and of `/`. */
export function consoleHandlers({ path, console, options, bindings, services, home: isHome, isOn }: ConsoleServed): FindHandler {
  const config = once(async () => compressed("application/json", Buffer.from(JSON.stringify(consoleConfig(options, bindings, console)))));
  const { openApi } = options;
  const descriptors = once(async () => {
    const commented = openApi === false ? undefined : openApi?.descriptors;
    const set = descriptorSetOf({ services, registry: withKnownTypes(registryOf(options)), commented });
    return compressed("application/octet-stream", set);
  });
  const folder = path.slice(path.lastIndexOf("/") + 1);
  // Relative, so that a proxy can serve the page below another path.
  const toFolder = redirect(`${folder}/`);
  const home = !isHome || bindings.some(({ template }) => template.text === "/") ? undefined : redirect(`${path.slice(1)}/`);
  return (asked) => {
    if (asked !== "/" && !asked.startsWith(path)) return undefined;
    if (!isOn()) return undefined;
    if (asked === "/") return home;
    if (asked === path) return toFolder;
    if (!asked.startsWith(`${path}/`)) return undefined;
    const name = asked.slice(path.length + 1);
    return async (exchange) => {
      if (name === "config.json") return sendContent(exchange, await config());
      if (name === "descriptors.binpb") return sendContent(exchange, await descriptors());
      const file = (await consoleFiles()).get(name === "" ? "index.html" : name);
      if (file === undefined) throw new HttpError(404, Code.NOT_FOUND, `the console has no file ${name.slice(0, 200)}`);
      sendContent(exchange, file);
    };
  };
}

/** Runs a function at its first call. Runs it again after an error. */
function once<Value>(create: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= create().catch((error: unknown) => {
      value = undefined;
      throw error;
    });
    return value;
  };
}

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

async function compressed(type: string, identity: Uint8Array): Promise<Content> {
  const etag = createHash("sha256").update(identity).digest("base64url").slice(0, 22);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: identity.length };
  const [br, gzip] = await Promise.all([brotli(identity, { params }), zip(identity)]);
  return { type, etag, identity, br, gzip };
}
