// A time limit for functions of users.

/**
 * Waits for a function, but no longer than this. One request that hangs must not stop all later
 * calls, even if the function ignores its signal.
 *
 * @param what what is awaited, for the message of the error.
 */
export async function within<T>(ms: number, what: string, run: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`no ${what} within ${ms} ms`);
      abort.abort(error);
      reject(error);
    }, ms);
  });
  try {
    return await Promise.race([run(abort.signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
