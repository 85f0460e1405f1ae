// Counts the round trips of a large message. The count does not depend on the speed of the machine.
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { connect, startServer } from "../../../test/harness.ts";

/** A link that delivers the data of both sides at once when both are quiet. */
class SlowLink {
  /** The number of one-way trips. Two of them are a round trip. */
  trips = 0;
  #address = "";
  #arrived: { readonly to: Socket; readonly bytes: Buffer }[] = [];

  static async to(port: number): Promise<SlowLink> {
    const link = new SlowLink();
    const server = createServer({ noDelay: true }, (client) =>
      link.#join(client, connectSocket({ port, host: "127.0.0.1", noDelay: true })),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    link.#address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const end = new AbortController();
    void link.#carry(end.signal);
    onTestFinished(() => {
      end.abort();
      server.close();
    });
    return link;
  }

  get address(): string {
    return this.#address;
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("data", (bytes: Buffer) => this.#arrived.push({ to, bytes }));
      from.on("close", () => to.destroy()).on("error", () => {});
    }
  }

  async #carry(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (let quiet = 0, last = 0; quiet < 30; quiet++) {
        await nextTurn();
        if (this.#arrived.length !== last) quiet = 0;
        last = this.#arrived.length;
      }
      if (this.#arrived.length > 0) this.trips++;
      for (const { to, bytes } of this.#arrived.splice(0)) to.write(bytes);
    }
  }
}

// The SETTINGS of both sides, the request with the first window, the rest after its credit, and the
// response. Doubling the window would take fifteen trips or more.
test.each(["request", "response"])("a %s of 4 MB in the first call of a connection takes six trips", async (what) => {
  const large = "x".repeat(4_000_000);
  const { address } = await startServer({ unary: ({ text }) => ({ text: text === "" ? large : "" }) });
  const link = await SlowLink.to(Number(address.slice(address.lastIndexOf(":") + 1)));
  const { text } = await connect(link.address).unary({ text: what === "request" ? large : "" });
  expect(text).toHaveLength(what === "request" ? 0 : large.length);
  // Two more, because the sockets of a busy machine may not hold everything.
  expect(link.trips).toBeLessThanOrEqual(8);
});
