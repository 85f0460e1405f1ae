// The hello server: one unary call over plaintext. tls/, mtls/ and token/ protect the same call.
// Run it from the root of the repository: node examples/hello/server.ts
import { SayHello } from "@grpc-study/proto/hello";
import { createServer, implement } from "@grpc-study/rpc";

export const server = createServer();
server.add(
  implement(SayHello, {
    sayHello: ({ messageName }) => ({ resMessage: `Message send by SayHello server :Hello ${messageName}` }),
  }),
);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:9090");
  // Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
