// One case on a channel of its own, with an end in any event.
import { type Channel, type ChannelOptions, createChannel, createClient } from "@grpc-study/rpc";
import { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import type { TestCase } from "./case.ts";

/** A case that takes longer does not hold, in milliseconds. */
const limitMs = 60_000;

/** Resolves if the case holds, and rejects with what does not. Closes the channel. */
export async function runCase(testCase: TestCase, target: string | Channel, options: ChannelOptions = {}): Promise<void> {
  const channel = typeof target === "string" ? createChannel(target, options) : target;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it did not end within ${limitMs / 1000} seconds`)), limitMs);
  try {
    const clients = { test: createClient(TestService, channel), unimplemented: createClient(UnimplementedService, channel) };
    await Promise.race([testCase(clients), late.promise]);
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}
