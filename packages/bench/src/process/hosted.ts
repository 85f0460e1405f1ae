// The two sides of a process of the bench: a module that is served in it, and questions to it, over Node's IPC.

/** What such a module has: `serve`, and its argument comes as JSON. */
export type Serve<Argument, Ready = unknown> = (argument: Argument) => Hosted<Ready> | Promise<Hosted<Ready>>;

export interface Hosted<Ready = unknown> {
  /** Told to whoever started the process, for example a port. */
  readonly ready: Ready;
  readonly commands?: Readonly<Record<string, (argument: never) => unknown>>;
}

export interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** The first one, with the id 0, is `ready`. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
