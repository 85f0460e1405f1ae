// The consoles of all topics on one port. Services of several topics have the same name, so each topic has a
// gateway of its own, at `/TOPIC/`. A page at `/` leads to them.
import { createGateway, type Gateway } from "@grpc-study/gateway";
import type { Channel } from "@grpc-study/rpc";
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
    const { host, port, log } = options;
    await using started = new AsyncDisposableStack();
    const topics = await connectAll(options, started);
    const observe = options.telemetry ? (await import("@grpc-study/otel/gateway")).gatewayTelemetry() : undefined;
    const mounted = new Map<string, Gateway>();
    const server = new MountServer({ home: homePage(topics), mounted });
    started.defer(() => server.close());
    const bound = await server.listen(formatAddress(host, port));
    const links = topics.map(({ name }) => ({ title: name, url: `../../${name}/console/` }));
    for (const { name, services, channel } of topics) {
      const gateway = createGateway({
        services,
        upstream: channel,
        openApi: { title: name },
        console: { links },
        allowedHosts: allowedHosts(host, server.addresses),
        graceMs,
        logger: log.child({ topic: name }),
        observe,
      });
      mounted.set(name, gateway);
    }
    log.child({ topic: "console" }).info({ url: `http://${bound.address}` }, "serving HTTP");
    const running = started.move();
    return { port: bound.port, services: ["pages of all topics"], shutdown: () => running.disposeAsync() };
  },
};

interface ConnectedTopic extends FrontedTopic {
  readonly channel: Channel;
}

/**
 * Connects to the topics, and returns those whose servers can be reached. Without the certificate of a
 * client, for example, some cannot: the other topics have consoles nevertheless.
 */
async function connectAll({ topics, tls, log }: FrontListenOptions, started: AsyncDisposableStack): Promise<readonly ConnectedTopic[]> {
  const connecting = topics.map(async (topic) => {
    const connection = connectUpstream(topic.upstreams, tls);
    // Not once it is open: another may fail before.
    started.defer(() =>
      connection.then(
        (channel) => channel.close(),
        () => {},
      ),
    );
    try {
      return [{ ...topic, channel: await connection }];
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      log.child({ topic: topic.name }).warn(`there is no console of this topic: ${error.message}`);
      return [];
    }
  });
  return (await Promise.all(connecting)).flat();
}

/** As for a gateway that listens itself: pages of other sites must not reach loopback by their own names. */
function allowedHosts(host: string, addresses: readonly string[]): readonly string[] {
  const isLoopback = addresses.every((address) => /^(?:127\.|::1$|::ffff:127\.)/.test(address));
  return isLoopback ? ["localhost", "127.0.0.1", "[::1]", host] : ["*"];
}
