// Stream: bidirectional streaming, one answer for each question.
import { Stream } from "@grpc-study/proto/streams";
import { implement } from "@grpc-study/rpc";
import type { Logger } from "pino";

export const stream = (log: Logger) =>
  implement(Stream, {
    async *conversations(requests) {
      let n = 1;
      for await (const { question } of requests) {
        log.info(`from stream client question: ${question}`);
        yield { answer: `from stream server answer: the ${n++} question is ${question}` };
      }
    },
  });
