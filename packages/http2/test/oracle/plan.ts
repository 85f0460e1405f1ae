// A random exchange and what both sides must observe.
import * as fc from "fast-check";
import { code } from "../raw/frames.ts";
import { sha256 } from "../recorder.ts";

export interface Plan {
  /** The sizes in bytes of the request's parts. */
  readonly request: readonly number[];
  readonly requestTrailer: string | undefined;
  /**
   * The server responds `after` the request is complete, `early` without reading it, or with an
   * `echo` of its parts.
   */
  readonly mode: "after" | "early" | "echo";
  /** The sizes in bytes of the response's parts, unless it is an echo. */
  readonly response: readonly number[];
  readonly responseTrailer: string | undefined;
  /** One side resets the stream after it has written this many parts. */
  readonly reset: { readonly by: "client" | "server"; readonly parts: number; readonly code: number } | undefined;
}

/** What one side observes of the other's half. */
export interface Seen {
  readonly status?: number | undefined;
  readonly bytes: number;
  /** SHA-256 of the body. */
  readonly hash: string;
  readonly trailer: string | undefined;
  /** The error code of the reset, or `undefined` if the half is complete. */
  readonly code: number | undefined;
}

/** The settings that both sides announce. */
export interface Windows {
  readonly initialWindowSize: number;
  readonly maxFrameSize: number;
}

export interface ClientSide {
  exchange(plan: Plan, index: number): Promise<Seen>;
  close(): void;
}

export interface ServerSide {
  /** Shuts down gracefully: sends GOAWAY and completes open exchanges. */
  drain(): void;
  /** What the server observed of the exchange with this index. */
  seen(index: number): Promise<Seen>;
  close(): Promise<void>;
}

const pool = Buffer.alloc(4 << 20);
for (let at = 0, state = 1; at < pool.length; at += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  pool.writeInt32LE(state, at);
}

/** Returns the bytes of a part, which differ for each index and position. */
export const content = (size: number, index: number, place: number): Buffer => {
  const offset = (index * 7_919 + place * 104_729) % 65_536;
  return pool.subarray(offset, offset + size);
};

const whole = (sizes: readonly number[], index: number, trailer: string | undefined): Omit<Seen, "status"> => {
  const parts = sizes.map((size, place) => content(size, index, place));
  return { bytes: parts.reduce((sum, { length }) => sum + length, 0), hash: sha256(...parts), trailer, code: undefined };
};

/** Returns what the client must observe, or `undefined` if several outcomes are valid. */
export function clientSees(plan: Plan, index: number): Partial<Seen> | undefined {
  const { mode, request, response, requestTrailer, responseTrailer, reset } = plan;
  if (reset?.by === "server") return { code: reset.code };
  if (reset?.by === "client") return undefined;
  if (mode === "echo") return { status: 200, ...whole(request, index, requestTrailer) };
  return { status: 200, ...whole(response, index, responseTrailer) };
}

export function serverSees({ mode, request, requestTrailer, reset }: Plan, index: number): Partial<Seen> | undefined {
  // The response can complete before the request. The rest of the request is irrelevant then.
  if (reset?.by === "server" || mode === "early") return undefined;
  if (reset?.by === "client") return { code: reset.code };
  return whole(request, index, requestTrailer);
}

/** Sizes from zero to several windows, including the boundaries of frames and windows. */
const sizes = (most: number) =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.nat({ max: Math.min(most, 1_000) }) },
      { weight: 2, arbitrary: fc.constantFrom(0, 1, 16_384, 16_385, 65_535, 65_536).filter((size) => size <= most) },
      { weight: 1, arbitrary: fc.nat({ max: most }) },
    ),
    { maxLength: 6 },
  );

export const plans = (most: number): fc.Arbitrary<Plan> =>
  fc.record({
    request: sizes(most),
    requestTrailer: fc.option(fc.constantFrom("", "a", "trailer value"), { nil: undefined, freq: 2 }),
    mode: fc.constantFrom("after" as const, "after" as const, "echo" as const, "early" as const),
    response: sizes(most),
    responseTrailer: fc.option(fc.constantFrom("", "b", "another"), { nil: undefined, freq: 2 }),
    reset: fc.option(
      fc.record({
        by: fc.constantFrom("client" as const, "server" as const),
        parts: fc.nat({ max: 6 }),
        code: fc.constantFrom(code.cancel, code.internalError, code.enhanceYourCalm, code.refusedStream),
      }),
      { nil: undefined, freq: 4 },
    ),
  });

/** Several concurrent exchanges on one connection, with the windows of both sides. */
export const scenarios = fc
  .record({
    client: fc.constantFrom(1_000, 16_384, 65_535, 262_144, 4 << 20),
    server: fc.constantFrom(1_000, 16_384, 65_535, 262_144, 4 << 20),
    maxFrameSize: fc.constantFrom(16_384, 16_384, 1 << 20),
  })
  .chain(({ client, server, maxFrameSize }) =>
    fc.record({
      client: fc.constant({ initialWindowSize: client, maxFrameSize }),
      server: fc.constant({ initialWindowSize: server, maxFrameSize }),
      plans: fc.array(plans(Math.min(3 << 20, 200 * Math.min(client, server))), { minLength: 1, maxLength: 12 }),
    }),
  );
