// The protocol between the bench and its processes over Node's IPC: a module to run, and commands
// for it.

/** The function `serve` of such a module. Its argument is passed as JSON. */
export type Serve<Argument, Ready = unknown> = (argument: Argument) => Hosted<Ready> | Promise<Hosted<Ready>>;

export interface Hosted<Ready = unknown> {
  /** Passed to the parent process once the module is ready, for example a port. */
  readonly ready: Ready;
  readonly commands?: Readonly<Record<string, (argument: never) => unknown>>;
}

export interface CommandRequest {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** The response with id 0 is `ready`. */
export interface CommandResponse {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
