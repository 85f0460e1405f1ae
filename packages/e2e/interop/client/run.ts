// Runs one case on its own channel, with a time limit.
import { type Channel, type ChannelOptions, createChannel, createClient } from "@grpc-study/rpc";
import { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import type { TestCase } from "./case.ts";

/** The time limit of a case, in milliseconds. */
const limitMs = 60_000;

/** Resolves if the case passes, and rejects with the reason if it fails. Closes the channel. */
export async function runCase(testCase: TestCase, target: string | Channel, options: ChannelOptions = {}): Promise<void> {
  const channel = typeof target === "string" ? createChannel(target, options) : target;
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error(`the case did not end within ${limitMs / 1000} seconds`)), limitMs);
  try {
    const clients = { test: createClient(TestService, channel), unimplemented: createClient(UnimplementedService, channel) };
    await Promise.race([testCase(clients), timeout.promise]);
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}
