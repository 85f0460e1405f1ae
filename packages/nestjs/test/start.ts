// Starts Nest applications for tests.

import { createServer } from "@grpc-study/rpc";
import { grpcJsTransport } from "@grpc-study/rpc/grpc-js";
import type { INestMicroservice, ModuleMetadata } from "@nestjs/common";
import type { MicroserviceOptions } from "@nestjs/microservices";
import { Test } from "@nestjs/testing";
import { onTestFinished } from "vitest";
import { NoteService } from "../example/gen/notes/v1/notes_pb.js";
import { GrpcStrategy, type GrpcStrategyOptions } from "../src/index.ts";

/** Starts a microservice, and closes it after the test. */
export async function startApp(
  metadata: ModuleMetadata,
  options: MicroserviceOptions,
  configure: (app: INestMicroservice) => void = () => {},
): Promise<INestMicroservice> {
  const module = await Test.createTestingModule(metadata).compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({ ...options, logger: false });
  configure(app);
  onTestFinished(() => app.close());
  await app.listen();
  return app;
}

/** A strategy for NoteService, and the target of its clients, by transport. */
export const transports = {
  "HTTP/2": (options: Partial<GrpcStrategyOptions> = {}) => {
    const strategy = new GrpcStrategy({ services: [NoteService], address: "127.0.0.1:0", ...options });
    return { strategy, target: () => strategy.addresses[0]?.address ?? "" };
  },
  "grpc-js": (options: Partial<GrpcStrategyOptions> = {}) => {
    const server = createServer({ transport: grpcJsTransport() });
    const strategy = new GrpcStrategy({ services: [NoteService], address: "127.0.0.1:0", server, ...options });
    return { strategy, target: () => strategy.addresses[0]?.address ?? "" };
  },
  "in process": (options: Partial<GrpcStrategyOptions> = {}) => {
    const strategy = new GrpcStrategy({ services: [NoteService], ...options });
    return { strategy, target: () => strategy.server.channel() };
  },
};
