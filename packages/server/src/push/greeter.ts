// Greeter: server push, client push, and both at once.
import { setTimeout } from "node:timers/promises";
import { Greeter } from "@grpc-study/proto/push";
import { implement } from "@grpc-study/rpc";
import type { Logger } from "pino";

/** @param intervalMs milliseconds between two pushes. */
export const greeter = (log: Logger, intervalMs = 1000) =>
  implement(Greeter, {
    async *getStream(_request, { signal }) {
      yield { data: unixSeconds() };
      for (let n = 0; n < 10; n++) {
        await setTimeout(intervalMs, undefined, { signal });
        yield { data: unixSeconds() };
      }
    },

    async putStream(requests) {
      let taken = 0;
      for await (const { data } of requests) {
        log.info(data);
        taken++;
      }
      return { data: `${taken}` };
    },

    async *allStream(requests, { signal }) {
      const reading = new AbortController();
      const read = (async () => {
        for await (const { data } of requests) log.info(data);
      })().finally(() => reading.abort());
      // Awaited below, unless the caller cancels first: that error is then irrelevant.
      read.catch(() => {});

      const stop = AbortSignal.any([signal, reading.signal]);
      while (!stop.aborted) {
        yield { data: "ssss" };
        await setTimeout(intervalMs, undefined, { signal: stop }).catch(() => {});
      }
      await read;
    },
  });

const unixSeconds = () => `${Math.floor(Date.now() / 1000)}`;
