// Paths of files that the tests run or read.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

export const serverMain = require.resolve("@grpc-study/server/dist/main.js");
export const clientMain = require.resolve("@grpc-study/client/dist/main.js");
export const gatewayMain = require.resolve("@grpc-study/gateway/dist/main.js");
export const buf = require.resolve("@bufbuild/buf/bin/buf");
export const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
export const e2eFolder = dirname(require.resolve("../../package.json"));
export const repository = join(e2eFolder, "../..");

/** The program that `pnpm start` runs: the topics, and the shop over HTTP. */
export const startMain = require.resolve("@grpc-study/start/dist/main.js");

const proto = join(e2eFolder, "../proto");
/** The .proto files and their imports: the include folders of a compiler. */
export const protoFolder = join(proto, "proto");
export const thirdPartyFolder = join(proto, "third_party");

/** The folder below which `buf build` finds the gateway's .proto files and those of its tests. */
export const packagesFolder = join(e2eFolder, "..");
export const httpProtoFolder = join(packagesFolder, "gateway/third_party");
