/** What servers' and clients' interceptors have in common: they run around a call, and `next()` runs what lies further in. */
type Interceptor<Call> = (call: Call, next: () => Promise<void>) => Promise<void>;

/** Puts interceptors around `innermost`, the first outermost. */
export async function intercept<Call>(
  interceptors: readonly Interceptor<Call>[],
  call: Call,
  innermost: () => Promise<void>,
): Promise<void> {
  let reached = -1;
  const dispatch = async (index: number): Promise<void> => {
    if (index <= reached) throw new Error("an interceptor called next() twice");
    reached = index;
    const interceptor = interceptors[index];
    await (interceptor === undefined ? innermost() : interceptor(call, () => dispatch(index + 1)));
  };
  await dispatch(0);
}
