// `buf curl` and grpcurl, which read the types from server reflection.
import { addressOf, type Copied, type CopiedCall, compact, grpcReason } from "./call.ts";
import { command } from "./shell.ts";

export function bufCurl(call: CopiedCall): Copied {
  const { root, method, requests, metadata, timeoutMs, protocols } = call;
  const reason = protocols.includes("grpc") ? undefined : grpcReason(call);
  if (reason !== undefined) return { reason };
  const data = requests.map(compact).join("\n");
  return {
    text: command("buf curl", [
      ["--protocol", root.pathname === "/" ? "grpc" : "connect"],
      ...(root.protocol === "http:" ? [["--http2-prior-knowledge"]] : []),
      // The time limit of the command, as it has no option for that of the call.
      ...(timeoutMs === undefined ? [] : [["--timeout", `${timeoutMs}ms`]]),
      ...metadata.map(([key, value]) => ["-H", csv(`${key}: ${value}`)]),
      ["-d", data],
      [`${root.href}${method.path}`],
    ]),
  };
}

/** The option is a list of values between commas: https://pkg.go.dev/github.com/spf13/pflag#StringSlice */
function csv(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function grpcurl(call: CopiedCall): Copied {
  const { root, method, requests, metadata, timeoutMs } = call;
  const address = addressOf(call);
  const reason = grpcReason(call);
  if (reason !== undefined || address === undefined) return { reason: reason ?? "copyPath" };
  return {
    text: command("grpcurl", [
      ...(root.protocol === "http:" ? [["-plaintext"]] : []),
      ...(timeoutMs === undefined ? [] : [["-max-time", String(timeoutMs / 1000)]]),
      ...metadata.map(([key, value]) => ["-H", `${key}: ${value}`]),
      ["-d", requests.map(compact).join("\n")],
      [address, method.path],
    ]),
  };
}
