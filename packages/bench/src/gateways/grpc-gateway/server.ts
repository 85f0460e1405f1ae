// Go's grpc-gateway, in a child process on the same core.
import type { Serve } from "../../process/hosted.ts";
import { startProgram } from "../../process/program.ts";

export const serve: Serve<{ program: string; upstream: number }, number> = async ({ program, upstream }) => {
  const { line, clock } = await startProgram(program, [`127.0.0.1:${upstream}`]);
  return { ready: Number(line), commands: { clock } };
};
