// TypeScript with the code that protoc-gen-es generates: @grpc-study/rpc over gRPC, and connect-web.
import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { hasRequestStream, hasResponseStream } from "../call/call.ts";
import { print } from "../json/edit.ts";
import { type JsonValue, parseJson } from "../json/parse.ts";
import { addressOf, type Copied, type CopiedCall, compact, grpcReason } from "./call.ts";
import { initOf, literal } from "./init.ts";

export function rpcTypeScript(call: CopiedCall): Copied {
  const address = addressOf(call);
  const reason = grpcReason(call);
  if (reason !== undefined || address === undefined) return { reason: reason ?? "copyPath" };
  const isSecure = call.root.protocol === "https:";
  const code = new Code(call);
  code.import("@grpc-study/rpc", "createClient");
  const target = literal(address);
  if (isSecure) code.import("@grpc-study/rpc", "createChannel");
  const options = [...metadataOption(call), ...timeoutOption(call)];
  return {
    text: code.print(
      isSecure
        ? [`using channel = createChannel(${target}, { tls: true });`, `const client = createClient(${code.service}, channel);`]
        : [`using client = createClient(${code.service}, ${target});`],
      options,
    ),
  };
}

export function connectTypeScript(call: CopiedCall): Copied {
  if (hasRequestStream(call.method.kind)) return { reason: "copyWebStream" };
  const code = new Code(call);
  code.import("@connectrpc/connect", "createClient");
  code.import("@connectrpc/connect-web", "createConnectTransport");
  const baseUrl = literal(call.root.href.replace(/\/$/, ""));
  // In JSON, a google.protobuf.Any would need its types in the transport as well.
  const transport = `createConnectTransport({ baseUrl: ${baseUrl}, useBinaryFormat: true })`;
  const setup = [`const client = createClient(${code.service}, ${transport});`];
  return { text: code.print(setup, [...headersOption(call), ...timeoutOption(call)]) };
}

function metadataOption({ metadata }: CopiedCall): string[] {
  if (metadata.length === 0) return [];
  const members = [...Map.groupBy(metadata, ([key]) => key)].map(([key, pairs]) => {
    const values = pairs.map(([, value]) => (key.endsWith("-bin") ? `Buffer.from(${literal(value)}, "base64")` : literal(value)));
    return `${literal(key)}: ${values.length === 1 ? values[0] : `[${values.join(", ")}]`}`;
  });
  return [`metadata: { ${members.join(", ")} }`];
}

function headersOption({ metadata }: CopiedCall): string[] {
  const pairs = metadata.map(([key, value]) => `[${literal(key)}, ${literal(value)}]`);
  return pairs.length === 0 ? [] : [`headers: [${pairs.join(", ")}]`];
}

function timeoutOption({ timeoutMs }: CopiedCall): string[] {
  return timeoutMs === undefined ? [] : [`timeoutMs: ${timeoutMs}`];
}

class Code {
  readonly service: string;
  readonly #call: CopiedCall;
  readonly #imports = new Map<string, Set<string>>();

  constructor(call: CopiedCall) {
    const { desc } = call.method;
    this.#call = call;
    this.service = this.import(moduleOf(desc.parent.file), desc.parent.name);
  }

  import(module: string, name: string): string {
    const names = this.#imports.get(module) ?? new Set();
    this.#imports.set(module, names.add(name));
    return name;
  }

  print(setup: readonly string[], options: readonly string[]): string {
    const { method, requests } = this.#call;
    const messages = requests.map((request) => this.#message(method.desc.input, parseJson(request).value));
    const argument = hasRequestStream(method.kind) ? `[${messages.join(", ")}]` : (messages[0] ?? "{}");
    const call = `client.${method.desc.localName}(${[argument, ...(options.length > 0 ? [`{ ${options.join(", ")} }`] : [])].join(", ")})`;
    const lines = hasResponseStream(method.kind)
      ? [`for await (const response of ${call}) {`, "  console.log(response);", "}"]
      : [`const response = await ${call};`, "console.log(response);"];
    const imports = [...this.#imports]
      .sort(([one], [other]) => (one.replace(/^\./, "~") < other.replace(/^\./, "~") ? -1 : 1))
      .map(([module, names]) => `import { ${[...names].sort().join(", ")} } from ${literal(module)};`);
    return `${[...imports, "", ...setup, ...lines].join("\n")}\n`;
  }

  #message(type: DescMessage, value: JsonValue): string {
    const init = initOf(type, value);
    if (init !== undefined) return init;
    this.import("@bufbuild/protobuf", "fromJson");
    const schema = this.import(moduleOf(type.file), schemaOf(type));
    const registry = this.#registry(compact(print(value)));
    return `fromJson(${[schema, compact(print(value)), ...registry].join(", ")})`;
  }

  /** The types of the `google.protobuf.Any` in a message. */
  #registry(json: string): string[] {
    const { registry } = this.#call;
    const types = [...json.matchAll(/"@type":"[^"\\]*?([\w.]+)"/g)].flatMap(([, name = ""]) => registry.getMessage(name) ?? []);
    if (types.length === 0) return [];
    this.import("@bufbuild/protobuf", "createRegistry");
    const names = new Set(types.map((type) => this.import(moduleOf(type.file), schemaOf(type))));
    return [`{ registry: createRegistry(${[...names].join(", ")}) }`];
  }
}

/** The name that protoc-gen-es gives to the schema of a message. */
function schemaOf(message: DescMessage): string {
  const { package: scope } = message.file.proto;
  const name = scope === "" ? message.typeName : message.typeName.slice(scope.length + 1);
  return `${name.replaceAll(".", "_")}Schema`;
}

function moduleOf({ name, proto }: DescFile): string {
  return proto.package === "google.protobuf" ? "@bufbuild/protobuf/wkt" : `./gen/${name}_pb.js`;
}
