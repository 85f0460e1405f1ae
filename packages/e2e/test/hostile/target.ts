// The attacked server: a child process whose memory, calls and other clients a test observes.
import { fileURLToPath } from "node:url";
import { type Client, Code, createClient, RpcError, type ServerLimits } from "@grpc-study/rpc";
import { expect } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { Process } from "../harness/process.ts";
import { transport } from "../harness/transport.ts";
import { until } from "../harness/until.ts";

/** The condition that the process reports, after a collection. */
export interface Condition {
  /** Heap and external memory, in MiB. */
  readonly heldMib: number;
  readonly connections: number;
  /** Calls whose handlers are running. */
  readonly calls: number;
  /** Uncaught errors, unhandled rejections, and errors reported to `onError`. */
  readonly faults: readonly string[];
}

const program = fileURLToPath(new URL("target-process.ts", import.meta.url));

const shared = new Map<string, Promise<Target>>();

export class Target implements AsyncDisposable {
  readonly address: string;
  readonly #process: Process;
  /** A well-behaved client that is connected before the attack. */
  readonly bystander: Client<typeof TestService>;
  #before: Condition | undefined;

  private constructor(process: Process, address: string) {
    this.#process = process;
    this.address = address;
    this.bystander = createClient(TestService, address);
  }

  static async start(limits: Partial<ServerLimits> = {}): Promise<Target> {
    const started = new Process(process.execPath, ["--expose-gc", "--max-old-space-size=512", program, JSON.stringify(limits), transport], {
      ipc: true,
    });
    const target = new Target(started, await started.stdout.line(() => true));
    for (let calls = 0; calls < 20; calls++) await target.bystander.emptyCall({});
    return target;
  }

  /**
   * A target shared by all tests of a file with the same limits. It ends with the file, as all
   * processes do (test/harness/setup.ts).
   */
  static shared(limits: Partial<ServerLimits> = {}): Promise<Target> {
    const key = JSON.stringify(limits);
    const target = shared.get(key) ?? Target.start(limits);
    shared.set(key, target);
    return target;
  }

  /** Only one request may be pending at a time. */
  condition(): Promise<Condition> {
    return this.#process.ask<Condition>("condition");
  }

  /** Records the condition. Call before an attack. */
  async recordBaseline(): Promise<void> {
    this.#before = await this.condition();
  }

  /**
   * Call after an attack, whether or not the attacker is still connected. Expects that the
   * bystander and a new client are served, that the memory of the attack is released, and that no
   * error was uncaught.
   *
   * @param left the number of attacker connections that may remain.
   */
  async expectUnharmed({ left = 0, moreMib = 8 } = {}): Promise<void> {
    const before = this.#before ?? (await this.condition());
    await this.bystander.emptyCall({}, { timeoutMs: 5_000 });
    using newcomer = createClient(TestService, this.address, { pool: false });
    await newcomer.emptyCall({}, { timeoutMs: 5_000 });
    newcomer[Symbol.dispose]();
    let now = before;
    const end = Date.now() + 3_000;
    await until(async () => {
      now = await this.condition();
      return (now.connections <= 1 + left && now.calls === 0 && now.heldMib - before.heldMib < moreMib) || Date.now() > end;
    });
    expect(now.calls, "running calls").toBe(0);
    expect(now.connections, "connections").toBeLessThanOrEqual(1 + left);
    expect(now.faults, "faults").toEqual([]);
    expect(now.heldMib - before.heldMib, "MiB more than before").toBeLessThan(moreMib);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.bystander[Symbol.dispose]();
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Resolves with the name of the status code of a call. */
export async function codeOf(call: PromiseLike<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    return Code[RpcError.from(error).code] ?? String(RpcError.from(error).code);
  }
}
