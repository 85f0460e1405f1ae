// proto.Greeter: the first tutorial.
import { Greeter } from "@grpc-study/proto/helloworld";
import { implement } from "@grpc-study/rpc";
import type { Logger } from "pino";

export const greeter = (log: Logger) =>
  implement(Greeter, {
    sayHello({ name }) {
      log.info(`Received: ${name}`);
      return { message: `Hello ${name}` };
    },
  });
