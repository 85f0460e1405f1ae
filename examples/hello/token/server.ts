// The hello server with a token: the metadata of each call says who the caller is.
// Run it from the root of the repository: node examples/hello/token/server.ts
import { SayHello } from "@grpc-study/proto/hello";
import { authenticate, Code, createContextKey, createServer, implement, RpcError, secretEquals } from "@grpc-study/rpc";

/** The key under which handlers find the name of the caller: `context.values.get(caller)`. */
const caller = createContextKey<string>("caller");

// An interceptor checks the token before a handler runs. (The Go tutorial checks it there.)
const checkToken = authenticate({
  key: caller,
  verify({ metadata }) {
    const user = metadata.get("user");
    const token = metadata.get("token");
    if (token === undefined) throw new RpcError(Code.UNAUTHENTICATED, "未传输Token");
    if (user !== "xiaoming" || !secretEquals(token, "123321123")) throw new RpcError(Code.UNAUTHENTICATED, "Token 不正确");
    return user;
  },
});

export const server = createServer({ interceptors: [checkToken] });
server.add(
  implement(SayHello, {
    sayHello: ({ messageName }) => ({ resMessage: `Message send by SayHello server :Hello ${messageName}` }),
  }),
);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:9093");
  // Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
