// A server of our library in the test's own process, for handlers that a test wants to look into.
import { createServer, type Implementation, type ServerOptions } from "@grpc-study/rpc";

export interface RpcServer extends AsyncDisposable {
  readonly address: string;
}

export async function serveRpc(implementations: readonly Implementation[], options?: ServerOptions): Promise<RpcServer> {
  const server = createServer(options);
  server.add(...implementations);
  const { address } = await server.listen("127.0.0.1:0");
  return {
    address,
    async [Symbol.asyncDispose]() {
      // Everything is closed when this returns. That it also resolves is for shutdown.test.ts.
      void server.shutdown({ graceMs: 0, abortMs: 0 });
    },
  };
}
