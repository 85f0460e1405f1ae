// The tools for which a call can be copied.
import type { Copied, CopiedCall } from "./call.ts";
import { curl } from "./curl.ts";
import { bufCurl, grpcurl } from "./grpc-tools.ts";
import { connectTypeScript, rpcTypeScript } from "./typescript.ts";

export type Tool = "curl" | "buf" | "grpcurl" | "rpc" | "connect";

export const tools: Readonly<Record<Tool, { readonly label: string; readonly copy: (call: CopiedCall) => Copied }>> = {
  curl: { label: "curl", copy: curl },
  buf: { label: "buf curl", copy: bufCurl },
  grpcurl: { label: "grpcurl", copy: grpcurl },
  rpc: { label: "@grpc-study/rpc", copy: rpcTypeScript },
  connect: { label: "connect-web", copy: connectTypeScript },
};
