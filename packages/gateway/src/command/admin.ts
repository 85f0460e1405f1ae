// The listener for operators: channelz, health and reflection, apart from the services.
import type { Logger } from "@grpc-study/log";
import { createServer, ListenError, type Server } from "@grpc-study/rpc";
import { channelz } from "@grpc-study/rpc/channelz";
import { UsageError } from "./upstream-server.ts";

/** @throws UsageError if the address cannot be listened on. */
export async function serveAdmin(address: string, log: Logger): Promise<Server> {
  const server = createServer({ reflection: true });
  server.add(channelz());
  try {
    const bound = await server.listen(address);
    log.info({ address: bound.address }, "serving channelz");
    return server;
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new UsageError(`--admin: ${error.message}`, { cause: error });
  }
}
