// Loaded into a process before its own program: answers "resources" with the resources that keep the process busy, and whether it takes SIGTERM for
// itself, and "held" with the bytes that it holds, after a collection if it is run with `--expose-gc`.
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
// The channel itself is no reason to stay.
process.channel?.unref();
