// The service: what callers can do with notes.

import { Implement } from "@grpc-study/nestjs";
import type { Context } from "@grpc-study/rpc";
import { Controller, NotFoundException, UseGuards } from "@nestjs/common";
import { type GetRequest, type ListRequest, type Note, NoteService } from "../gen/notes/v1/notes_pb.js";
import { KeyGuard } from "./key.guard.ts";
import { Notes } from "./notes.ts";

@Controller()
@Implement(NoteService)
@UseGuards(KeyGuard)
export class NotesController {
  constructor(private readonly notes: Notes) {}

  get({ id }: GetRequest) {
    const text = this.notes.find(id);
    if (text === undefined) throw new NotFoundException(`there is no note ${id}`);
    return { id, text };
  }

  list({ limit }: ListRequest, { header }: Context) {
    header.set("x-order", "id");
    return this.notes.list(limit);
  }

  async import(notes: AsyncIterable<Note>) {
    let count = 0;
    for await (const { id, text } of notes) {
      this.notes.add(id, text);
      count++;
    }
    return { count };
  }

  async *chat(notes: AsyncIterable<Note>) {
    for await (const { id, text } of notes) {
      this.notes.add(id, text);
      yield { id, text };
    }
  }
}
