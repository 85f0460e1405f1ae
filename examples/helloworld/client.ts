// The hello world client: one unary call with a deadline.
// Run it beside the server: node examples/helloworld/client.ts
import { Greeter } from "@grpc-study/proto/helloworld";
import { createClient } from "@grpc-study/rpc";

const [address = "localhost:50051", name = "world"] = process.argv.slice(2);

// The client connects with its first call. An idle connection does not keep the process alive, so
// this program needs no Close.
const client = createClient(Greeter, address);

try {
  // The call fails with DEADLINE_EXCEEDED after one second; the server learns of the deadline, too.
  const { message } = await client.sayHello({ name }, { timeoutMs: 1000 });
  console.log(`Greeting: ${message}`);
} catch (error) {
  // An RpcError: its code tells what happened, as Go's status.Code(err) does.
  console.error(`could not greet: ${error}`);
  process.exit(1);
}
