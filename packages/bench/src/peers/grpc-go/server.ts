// grpc-go, in a child process on the same core.
import type { Serve } from "../../process/hosted.ts";
import { startProgram } from "../../process/program.ts";
import type { TlsFiles } from "../peer.ts";

export interface GrpcGo {
  readonly port: number;
  /** `grpc-go 1.33.3, go1.19.8`. */
  readonly versions: string;
}

export const serve: Serve<{ program: string; tls: TlsFiles | null }, GrpcGo> = async ({ program, tls }) => {
  const { line, clock } = await startProgram(program, tls ? [tls.cert, tls.key] : []);
  const [port, grpc, go] = line.split(" ");
  return { ready: { port: Number(port), versions: `grpc-go ${grpc}, ${go}` }, commands: { clock } };
};
