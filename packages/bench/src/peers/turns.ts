// Ping-pong for clients that take their requests as an async iterable: the next one is yielded once the last was answered.

export class Turns {
  readonly #messages: number;
  #answers = 0;
  #next = Promise.withResolvers<void>();

  constructor(messages: number) {
    this.#messages = messages;
  }

  answered(): void {
    this.#answers++;
    this.#next.resolve();
  }

  /** @throws if answers are missing */
  check(): void {
    if (this.#answers !== this.#messages) throw new Error(`${this.#answers} of ${this.#messages} answers came`);
  }

  async *requests<Message>(message: Message): AsyncGenerator<Message, void> {
    for (let i = 0; i < this.#messages; i++) {
      yield message;
      await this.#next.promise;
      this.#next = Promise.withResolvers();
    }
  }
}
