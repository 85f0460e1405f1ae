// Ping-pong for clients that take requests as an async iterable: yields the next request after each
// response.

export class Turns {
  readonly #messages: number;
  #responses = 0;
  #next = Promise.withResolvers<void>();

  constructor(messages: number) {
    this.#messages = messages;
  }

  onResponse(): void {
    this.#responses++;
    this.#next.resolve();
  }

  /** @throws Error if responses are missing. */
  check(): void {
    if (this.#responses !== this.#messages) throw new Error(`${this.#responses} of ${this.#messages} responses arrived`);
  }

  async *requests<Message>(message: Message): AsyncGenerator<Message, void> {
    for (let i = 0; i < this.#messages; i++) {
      yield message;
      await this.#next.promise;
      this.#next = Promise.withResolvers();
    }
  }
}
