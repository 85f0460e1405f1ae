// The result of a load for each contestant: calls per second, and the CPU time of a call in the
// measured process.
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { median } from "../measure/statistics.ts";
import type { Sample } from "../process/clock.ts";

/** CPU usage above which a core counts as full. The kernel and the bench use the rest. */
const full = 0.9;

export class Load {
  readonly #name: string;
  readonly #unit: string;
  readonly #subject: Pick<Measure, "subject">;
  readonly #rates: Samples = {};
  readonly #costs: Samples = {};
  readonly #busy: Samples = {};

  /**
   * @param unit what is counted: `call`, `message`, `request`.
   * @param subject the subject of ratios, if it is not `rpc`.
   */
  constructor(name: string, unit: string, subject?: string) {
    this.#name = name;
    this.#unit = unit;
    this.#subject = subject === undefined ? {} : { subject };
  }

  add(samples: Readonly<Record<string, readonly Sample[]>>): void {
    for (const [contestant, taken] of Object.entries(samples)) {
      append(this.#rates, { [contestant]: taken.map(({ rate }) => rate) });
      append(this.#costs, { [contestant]: taken.map(({ rate, busy }) => (busy * 1e6) / rate) });
      append(this.#busy, { [contestant]: taken.map(({ busy }) => busy) });
    }
  }

  get rate(): Measure {
    return { name: this.#name, unit: `${this.#unit}s/s`, better: "more", ...this.#subject, samples: this.#rates };
  }

  get cost(): Measure {
    return { name: `${this.#name}, CPU`, unit: `µs/${this.#unit}`, better: "less", aside: true, ...this.#subject, samples: this.#costs };
  }

  /**
   * The contestants that waited for others: `unary, 7 B (http2 71 %)`. `undefined` if all cores
   * were full.
   */
  get waiting(): string | undefined {
    const idle = Object.entries(this.#busy).flatMap(([contestant, values]) => {
      const busy = median(values);
      return busy < full ? [`${contestant} ${Math.round(busy * 100)} %`] : [];
    });
    return idle.length > 0 ? `${this.#name} (${idle.join(", ")})` : undefined;
  }
}

/** All rates, then all costs. */
export const measuresOf = (loads: readonly Load[]): Measure[] => [...loads.map(({ rate }) => rate), ...loads.map(({ cost }) => cost)];

/** @param what the owner of the core: `server` or `client`. */
export function waitingNote(loads: readonly Load[], what: string): string[] {
  const waiting = loads.flatMap(({ waiting }) => waiting ?? []);
  return waiting.length > 0
    ? [`The core of the ${what} was partly idle, so its CPU time per call says more than its rate: ${waiting.join("; ")}.`]
    : [];
}
