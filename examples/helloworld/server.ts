// The hello world server: one unary call, and reflection.
// Run it from the root of the repository: node examples/helloworld/server.ts
import { Greeter } from "@grpc-study/proto/helloworld";
import { createServer, implement } from "@grpc-study/rpc";

// 1. Implement the service: one handler for each method, typed by the .proto file.
const greeter = implement(Greeter, {
  sayHello({ name }) {
    console.log(`Received: ${name}`);
    return { message: `Hello ${name}` };
  },
});

// 2. Create a server. Reflection tells tools such as `buf curl` which services it has.
export const server = createServer({ reflection: true });

// 3. Register the service and listen.
server.add(greeter);

// As a program it listens. A test that imports this file calls the server without a socket.
if (import.meta.main !== false) {
  const { address } = await server.listen(process.argv[2] ?? "localhost:50051");
  // Ctrl-C: running calls have ten seconds to finish. A second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.shutdown());
  console.log(`server listening at ${address}`);
}
