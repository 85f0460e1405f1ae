// The options of the console.

/** The options of the console. */
export interface ConsoleOptions {
  /** Shows services and methods, without calling them. Default: false. */
  readonly readOnly?: boolean | undefined;
}
