// A foreign service: no package of this repository knows it. Its servers are grpc-js with
// proto-loader, the usual combination, and connect-node.
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type DescMethodUnary, type DescService, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { AnySchema, anyPack, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type handleServerStreamingCall, type handleUnaryCall, Metadata, type ServiceDefinition, status } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { ResourceInfoSchema } from "@grpc-study/rpc/error-details";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { buf, httpProtoFolder, packagesFolder } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { type ForeignServer, serveConnect } from "../peers/connect-node.ts";
import { serveLoader } from "../peers/proto-loader.ts";
import type { Folder } from "../security/certificates.ts";

type Fields = Readonly<Record<string, unknown>>;
type Unary = handleUnaryCall<Fields, Fields>;

export interface Museum extends ForeignServer {
  /** The metadata of each call of GetExhibit. */
  readonly metadata: readonly Fields[];
  /** The names of the halls that clients currently watch. */
  readonly watched: ReadonlySet<unknown>;
}

const exhibit = {
  name: "halls/1/exhibits/2",
  catalogue_title: "Nike",
  style: "GOTHIC",
  labels: ["winged", "胜利"],
  inventory_number: "9007199254740993",
  made: { seconds: "0", nanos: 500_000_000 },
  height: 2.44,
};

/** The smallest GIF. */
export const picture = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAAC", "base64");

export function loadMuseum(): PackageDefinition {
  const includeDirs = [fileURLToPath(new URL("proto", import.meta.url)), httpProtoFolder];
  return loadSync("museum.proto", { includeDirs, keepCase: true, longs: String, enums: String });
}

/** Serves the museum with grpc-js and proto-loader. `more` adds further services. */
export async function serveMuseum(more: Parameters<typeof serveLoader>[0] = () => {}): Promise<Museum> {
  const metadata: Fields[] = [];
  const watched = new Set<unknown>();
  const echo: Unary = ({ request }, callback) => callback(null, request);
  const returnRequest: Unary = ({ request }, callback) => callback(null, { seen: JSON.stringify(request) });
  const get: Unary = (call, callback) => {
    metadata.push(call.metadata.getMap());
    const { name } = call.request;
    if (name === "missing") return callback({ code: status.NOT_FOUND, details: "no such exhibit", metadata: missing() });
    call.sendMetadata(metadataOf("hall", "1"));
    callback(null, { ...exhibit, name }, metadataOf("cost", "2"));
  };
  const watch: handleServerStreamingCall<Fields, Fields> = (call) => {
    const { name } = call.request;
    watched.add(name);
    call.on("cancelled", () => watched.delete(name));
    call.write({ ...exhibit, name });
  };
  const wait: Unary = async ({ request: { seconds = "0", nanos = 0 } }, callback) => {
    await setTimeout(Number(seconds) * 1000 + Number(nanos) / 1e6);
    callback(null, {});
  };
  const getPicture: Unary = (_call, callback) => callback(null, { content_type: "image/gif", data: picture });
  const server = await serveLoader((server) => {
    server.addService(loadMuseum()["museum.v1.Museum"] as ServiceDefinition, {
      GetExhibit: get,
      Search: returnRequest,
      CreateExhibit: (({ request }, callback) => callback(null, (request["exhibit"] ?? {}) as Fields)) satisfies Unary,
      UpdateExhibit: echo,
      DeleteExhibit: ((_call, callback) => callback(null, {})) satisfies Unary,
      MoveExhibit: echo,
      GetPicture: getPicture,
      PutPicture: returnRequest,
      Watch: watch,
      Wait: wait,
    });
    more(server);
  });
  return Object.assign(server, { metadata, watched });
}

/** Encodes error details like grpc-go's status.WithDetails: as a google.rpc.Status. */
function missing(): Metadata {
  const detail = anyPack(ResourceInfoSchema, create(ResourceInfoSchema, { resourceType: "exhibit", resourceName: "missing" }));
  const field = (tag: number, bytes: Uint8Array) => [Buffer.of(tag, bytes.length), bytes];
  const message = field(0x12, Buffer.from("no such exhibit"));
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.concat([Buffer.of(0x08, 5), ...message, ...field(0x1a, toBinary(AnySchema, detail))]));
  return metadata;
}

function metadataOf(key: string, value: string): Metadata {
  const metadata = new Metadata();
  metadata.set(key, value);
  return metadata;
}

/** Writes the descriptor set of the museum with `buf build`. */
export async function buildMuseum(folder: Folder): Promise<string> {
  const file = folder.file("museum.binpb");
  const config = JSON.stringify({ version: "v2", modules: [{ path: "gateway/third_party" }, { path: "e2e/test/gateway/proto" }] });
  const built = await run(buf, ["build", packagesFolder, "--config", config, "--as-file-descriptor-set", "-o", file]);
  if (built.status !== 0) throw new Error(built.stderr);
  return file;
}

/**
 * Serves two methods with connect-node, and reflection under one version's name only. The server
 * sends each file by itself; a client must request the imports.
 */
export function serveReflected(descriptors: Uint8Array, version: "v1" | "v1alpha"): Promise<ForeignServer> {
  const set = fromBinary(FileDescriptorSetSchema, descriptors);
  const service = createFileRegistry(set).getService("museum.v1.Museum") as DescService;
  const reflection = { ...ServerReflection, typeName: `grpc.reflection.${version}.ServerReflection` } as typeof ServerReflection;
  return serveConnect((router) => {
    const method = (name: string) => service.methods.find((one) => one.name === name) as DescMethodUnary;
    const { getExhibit, search } = { getExhibit: method("GetExhibit"), search: method("Search") };
    router.rpc(getExhibit, (request) => create(getExhibit.output, { ...request, $typeName: undefined }));
    router.rpc(search, (request) => create(search.output, { seen: toJsonString(search.input, request) }));
    router.rpc({ ...ServerReflection.method.serverReflectionInfo, parent: reflection }, async function* (requests) {
      for await (const { messageRequest } of requests) {
        if (messageRequest.case === "listServices") {
          const names = [reflection.typeName, service.typeName].map((name) => ({ name }));
          yield { messageResponse: { case: "listServicesResponse", value: { service: names } } };
          continue;
        }
        const file = set.file.find(
          ({ name }) => name === (messageRequest.case === "fileByFilename" ? messageRequest.value : "museum.proto"),
        );
        if (file === undefined) yield { messageResponse: { case: "errorResponse", value: { errorCode: 5, errorMessage: "no such file" } } };
        else {
          const bytes = toBinary(FileDescriptorProtoSchema, file);
          yield { messageResponse: { case: "fileDescriptorResponse", value: { fileDescriptorProto: [bytes] } } };
        }
      }
    });
  });
}
