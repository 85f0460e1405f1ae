// The package with the files of the console, which is an optional peer.
import type { ConsoleFile } from "@grpc-study/console";

/** Whether the package is installed. `false` in a bundle, which does not contain its files. */
export function isConsoleInstalled(): boolean {
  try {
    import.meta.resolve("@grpc-study/console");
    return true;
  } catch {
    return false;
  }
}

let files: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;

/** The files by path, below that of the console. Reads them once. */
export function consoleFiles(): Promise<ReadonlyMap<string, ConsoleFile>> {
  files ??= import("@grpc-study/console").then((console) => console.consoleFiles());
  return files;
}
