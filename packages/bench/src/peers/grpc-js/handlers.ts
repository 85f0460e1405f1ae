// The handlers of both servers on plain grpc-js: with Buffers, and with the objects of
// proto-loader.
import { readFileSync } from "node:fs";
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Server,
  ServerCredentials,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { TlsFiles } from "../peer.ts";

export interface Values<Message> {
  readonly hello: Message;
  amount(count: number): Message;
  countOf(amount: Message): number;
}

export function handlersOf<Message>({ hello, amount, countOf }: Values<Message>): UntypedServiceImplementation {
  const same: handleUnaryCall<Message, Message> = ({ request }, callback) => callback(null, request);
  const count: handleServerStreamingCall<Message, Message> = (call) => {
    let left = countOf(call.request);
    const write = () => {
      while (left > 0 && !call.cancelled) {
        left--;
        if (!call.write(hello)) {
          call.once("drain", write);
          return;
        }
      }
      call.end();
    };
    write();
  };
  const gather: handleClientStreamingCall<Message, Message> = (call, callback) => {
    let seen = 0;
    call.on("data", () => {
      seen++;
    });
    call.on("end", () => callback(null, amount(seen)));
  };
  const chat: handleBidiStreamingCall<Message, Message> = (call) => {
    call.on("data", (message) => call.write(message));
    call.on("end", () => call.end());
    call.on("error", () => {});
  };
  return { Say: same, Echo: same, Count: count, Gather: gather, Chat: chat };
}

/** Listens on a free port, and resolves with it. */
export function listen(server: Server, tls: TlsFiles | null): Promise<number> {
  const pair = tls && { cert_chain: readFileSync(tls.cert), private_key: readFileSync(tls.key) };
  const credentials = pair ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error ? reject(error) : resolve(port))),
  );
}
