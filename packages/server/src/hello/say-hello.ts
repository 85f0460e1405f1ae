// SayHello: the service that the security tutorial protects.
import { SayHello } from "@grpc-study/proto/hello";
import { implement } from "@grpc-study/rpc";

export const sayHello = () =>
  implement(SayHello, {
    sayHello: ({ messageName }) => ({ resMessage: `Message send by SayHello server :Hello ${messageName}` }),
  });
