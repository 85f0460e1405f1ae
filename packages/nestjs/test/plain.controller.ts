// A controller as people have it for Nest's own gRPC transport.
import { type CanActivate, Controller, Injectable, NotFoundException, UseGuards } from "@nestjs/common";
import { GrpcMethod, GrpcStreamMethod, RpcException } from "@nestjs/microservices";
import { count, finalize, interval, map, type Observable, of, Subject, take } from "rxjs";

interface Note {
  id: number;
  text: string;
}

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** Counts the Observables that their callers have left. */
export const left = { lists: 0, chats: 0 };

@Controller()
export class PlainController {
  @GrpcMethod("NoteService", "Get")
  get({ id }: { id: number }): Note | Promise<Note> | Observable<Note> {
    if (id === 1) return { id, text: "plain" };
    if (id === 2) return Promise.resolve({ id, text: "promise" });
    if (id === 3) return of({ id, text: "observable" });
    if (id === 4) throw new RpcException({ code: 5, message: "no such note" });
    if (id === 5) throw new RpcException("only text");
    if (id === 6) throw new Error("a secret");
    throw new NotFoundException("no such note");
  }

  @GrpcMethod("NoteService")
  list({ limit }: { limit: number }): Observable<Note> {
    const ticks = limit === 0 ? interval(5) : interval(1).pipe(take(limit));
    return ticks.pipe(
      map((tick) => {
        const id = tick + 1;
        if (id > 3) throw new RpcException({ code: 8, message: "three are enough" });
        return { id, text: "listed" };
      }),
      finalize(() => left.lists++),
    );
  }

  @GrpcStreamMethod("NoteService", "Import")
  import(notes: Observable<Note>): Observable<{ count: number }> {
    return notes.pipe(
      count(),
      map((count) => ({ count })),
    );
  }

  @GrpcStreamMethod("notes.v1.NoteService", "Chat")
  chat(notes: Observable<Note>): Observable<Note> {
    // As in Nest's documentation: without a handler for errors.
    const replies = new Subject<Note>();
    notes.subscribe({
      next: ({ id, text }) => replies.next({ id, text: `${text}!` }),
      complete: () => {
        left.chats++;
        replies.complete();
      },
    });
    return replies.asObservable();
  }
}

@Controller()
export class GuardedController {
  @UseGuards(Closed)
  @GrpcMethod("NoteService", "Get")
  get(): Note {
    return { id: 0, text: "behind the guard" };
  }
}
