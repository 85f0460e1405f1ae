// Builds Go's grpc-gateway, if Go, protoc and their Debian packages are installed.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Built } from "../../peers/grpc-go/build.ts";
import { temporaryFolder } from "../../process/temporary.ts";

/** The path is the same from `src` and from `dist`. */
const source = fileURLToPath(new URL("../../../src/gateways/grpc-gateway/", import.meta.url));

const packages = "golang-go golang-grpc-gateway golang-github-grpc-ecosystem-grpc-gateway-dev golang-goprotobuf-dev";

export function buildGrpcGateway(): Built {
  const gopath = process.env["GO_GOPATH"] ?? "/usr/share/gocode";
  const library = join(gopath, "src/github.com/grpc-ecosystem/grpc-gateway");
  const commands = [
    ["go", "version"],
    ["protoc", "--version"],
  ] as const;
  const missing = commands.find(([command, argument]) => spawnSync(command, [argument]).status !== 0)?.[0];
  if (missing !== undefined || !existsSync(library)) return { reason: `${missing ?? library} is missing (Debian: ${packages})` };
  const folder = join(temporaryFolder(), "grpc-gateway");
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(source, "main.go"), join(folder, "main.go"));
  const generated = spawnSync(
    "protoc",
    [
      `-I${source}`,
      `-I${join(library, "third_party/googleapis")}`,
      `--go_out=plugins=grpc,paths=source_relative:${folder}`,
      `--grpc-gateway_out=paths=source_relative:${folder}`,
      "shop.proto",
    ],
    { encoding: "utf8" },
  );
  if (generated.status !== 0) return { reason: `the code of the gateway cannot be generated: ${generated.stderr.trim()}` };
  const program = join(folder, "gateway");
  const files = ["main.go", "shop.pb.go", "shop.pb.gw.go"].map((file) => join(folder, file));
  const env = { ...process.env, GO111MODULE: "off", GOFLAGS: "", GOPATH: gopath };
  const built = spawnSync("go", ["build", "-o", program, ...files], { env, encoding: "utf8" });
  return built.status === 0 ? { program } : { reason: `the gateway does not build: ${built.stderr.trim()}` };
}
