// The consoles of all topics on one port. Services of several topics have the same name, so each topic has a
// gateway of its own, at `/TOPIC/`. A page at `/` leads to them.
import { createGateway, type Gateway } from "@grpc-study/gateway";
import { type Front, type FrontedTopic, type FrontListenOptions, StartError } from "@grpc-study/server";
import { formatAddress } from "./format-address.ts";
import { homePage } from "./home-page.ts";
import { MountServer } from "./mount-server.ts";
import { connectUpstream } from "./upstream.ts";

/** Milliseconds for calls in flight. Pages connect again, so that nobody waits for an open chat. */
const graceMs = 500;

export const consoles: Front = {
  name: "console",
  summary: "the consoles of all topics",
  port: 9470,
  async listen(options) {
    const { host, port, topics, log } = options;
    await using started = new AsyncDisposableStack();
    const connected: { readonly topic: FrontedTopic; readonly gateway: Gateway }[] = [];
    for (const topic of topics) {
      const gateway = await openGateway(topic, options, started);
      if (gateway !== undefined) connected.push({ topic, gateway });
    }
    const server = new MountServer({
      home: homePage(connected.map(({ topic }) => topic)),
      mounted: new Map(connected.map(({ topic, gateway }) => [topic.name, gateway])),
    });
    started.defer(() => server.close());
    const bound = await server.listen(formatAddress(host, port));
    log.child({ topic: "console" }).info({ url: `http://${bound.address}` }, "serving HTTP");
    const running = started.move();
    return { port: bound.port, services: ["pages of all topics"], shutdown: () => running.disposeAsync() };
  },
};

/**
 * Returns the gateway of a topic, or `undefined` if its servers cannot be reached, such as without the
 * certificate of a client: the other topics have consoles nevertheless.
 */
async function openGateway(
  { name, services, upstreams }: FrontedTopic,
  { host, topics, tls, telemetry, log: parent }: FrontListenOptions,
  started: AsyncDisposableStack,
): Promise<Gateway | undefined> {
  const log = parent.child({ topic: name });
  try {
    const channel = await connectUpstream(upstreams, tls);
    started.defer(() => channel.close());
    const gateway = createGateway({
      services,
      upstream: channel,
      openApi: { title: name },
      console: { links: topics.map((topic) => ({ title: topic.name, url: `../../${topic.name}/console/` })) },
      allowedHosts: allowedHosts(host),
      graceMs,
      logger: log,
      observe: telemetry ? (await import("@grpc-study/otel/gateway")).gatewayTelemetry() : undefined,
    });
    started.defer(() => gateway.close());
    return gateway;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    log.warn(`there is no console of this topic: ${error.message}`);
    return undefined;
  }
}

/** As for a gateway that listens itself: pages of other sites must not reach loopback by their own names. */
function allowedHosts(host: string): readonly string[] {
  const isLoopback = host === "localhost" || host === "::1" || host.startsWith("127.");
  return isLoopback ? ["localhost", "127.0.0.1", "[::1]", host] : ["*"];
}
