// Preloaded into a process under test. It replies to the message "resources" with the active
// resources of the process, plus "SIGTERM" if there is a handler for it. It replies to "held" with
// the bytes in use, after a collection if the process runs with `--expose-gc`.
process.on("message", (question) => {
  if (question === "resources") {
    const handler = process.listenerCount("SIGTERM") > 0 ? ["SIGTERM"] : [];
    process.send?.([...process.getActiveResourcesInfo(), ...handler]);
  }
  if (question === "held") {
    for (let times = 0; times < 2; times++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.(heapUsed + external);
  }
});
// The channel must not keep the process alive.
process.channel?.unref();
