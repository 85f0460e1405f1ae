import { GrpcExceptionFilter } from "@grpc-study/nestjs";
import { Module } from "@nestjs/common";
import { APP_FILTER } from "@nestjs/core";
import { KeyGuard } from "./key.guard.ts";
import { NotesController } from "./notes.controller.ts";
import { Notes } from "./notes.ts";

@Module({
  controllers: [NotesController],
  providers: [Notes, KeyGuard, { provide: APP_FILTER, useClass: GrpcExceptionFilter }],
})
export class AppModule {}
