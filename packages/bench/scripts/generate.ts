// Generates the static code of protobufjs, with its own command instead of a protoc plugin.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";

const pbjs = createRequire(import.meta.url).resolve("protobufjs-cli/bin/pbjs");
const out = "gen/protobufjs/bench.cjs";
const options = ["--target", "static-module", "--wrap", "commonjs", "--force-long", "--no-comments", "--no-service"];
mkdirSync("gen/protobufjs", { recursive: true });
execFileSync(process.execPath, [pbjs, ...options, "--path", "proto", "--out", out, "proto/bench/bench.proto", "proto/bench/json.proto"], {
  stdio: "inherit",
});
