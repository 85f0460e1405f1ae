// Long work in slices, between which the page paints and reacts.

/** A frame takes 16 ms, of which half is left for the page. */
const sliceMs = 8;

/** Measures slices of work. */
export class Slices {
  #from = performance.now();

  /** Whether the work has lasted long enough to pause. */
  get isOver(): boolean {
    return performance.now() - this.#from > sliceMs;
  }

  /** Waits for the next turn. */
  async pause(): Promise<void> {
    await nextTurn();
    this.#from = performance.now();
  }
}

/** Resolves once the page has done what is due. Browsers slow down timers of hidden pages, but not messages. */
export async function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise<void>((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
  port1.close();
}
