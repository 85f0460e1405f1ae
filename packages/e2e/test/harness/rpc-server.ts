// A server of our library in the process of the test, for tests that inspect handlers.
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
      // Everything is closed when this call returns. shutdown.test.ts checks that it resolves.
      void server.shutdown({ graceMs: 0, abortMs: 0 });
    },
  };
}
