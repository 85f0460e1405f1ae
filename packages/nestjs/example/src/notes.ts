// The notes, without a word of gRPC.
import { Injectable } from "@nestjs/common";

@Injectable()
export class Notes {
  readonly #texts = new Map<number, string>();

  find(id: number): string | undefined {
    return this.#texts.get(id);
  }

  add(id: number, text: string): void {
    this.#texts.set(id, text);
  }

  *list(limit: number): Generator<{ id: number; text: string }> {
    const sorted = [...this.#texts].toSorted(([a], [b]) => a - b);
    for (const [id, text] of sorted.slice(0, limit === 0 ? undefined : limit)) yield { id, text };
  }
}
