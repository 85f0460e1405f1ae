// Serves the notes to callers with the key: API_KEY=… LISTEN=127.0.0.1:50051 node main.js
import "reflect-metadata";
import { GrpcStrategy } from "@grpc-study/nestjs";
import { createServer } from "@grpc-study/rpc";
import { NestFactory } from "@nestjs/core";
import type { MicroserviceOptions } from "@nestjs/microservices";
import { NoteService } from "../gen/notes/v1/notes_pb.js";
import { AppModule } from "./app.module.ts";

const strategy = new GrpcStrategy({
  services: [NoteService],
  server: createServer({ reflection: true }),
  address: process.env["LISTEN"] ?? "127.0.0.1:50051",
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy, logger: ["warn", "error"] });
app.enableShutdownHooks();
await app.listen();
console.log(`listening on ${strategy.addresses[0]?.address}`);
