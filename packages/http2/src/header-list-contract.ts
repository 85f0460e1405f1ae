// The part of HeaderList (src/hpack, under construction) that the engine's API names. It is replaced by the class itself.
export interface HeaderList {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authority: string | undefined;
  readonly scheme: string | undefined;
  readonly status: number | undefined;
  readonly size: number;
  get(name: string): string | undefined;
}
