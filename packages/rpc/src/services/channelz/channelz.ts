// The service grpc.channelz.v1.Channelz (gRFC A14): the servers, channels and sockets of this
// process. Subchannels and sockets are found through their servers and channels, so each is shown as
// long as it is in use.
import { Channelz } from "../../../gen/grpc/channelz/v1/channelz_pb.js";
import { recordTimes } from "../../channelz/counts.ts";
import { channels, type Entity, type SocketEntity, type SubchannelEntity, servers } from "../../channelz/entities.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";
import { type Implementation, implement } from "../../server/implement.ts";
import { channelMessage, serverMessage, socketMessage, socketRef, subchannelMessage } from "./messages.ts";

/** The maximum number of results on a page (gRFC A14: 100 by default). */
const pageSize = 100;

/**
 * Implements `grpc.channelz.v1.Channelz`, which shows the servers, channels, subchannels and sockets
 * of the whole process, with their states and counts. They count from the start, and record the times
 * of the last call and message, to a tenth of a second, from the first call of this function on.
 * Channels of grpc-js are not included. A server with `grpcJsTransport()` is listed without its
 * connections.
 *
 * Addresses and certificates of all peers are visible to each caller: add it to a server that only
 * operators reach.
 *
 * @example
 * const admin = createServer({ reflection: true });
 * admin.add(channelz());
 * await admin.listen("localhost:50099");
 */
export function channelz(): Implementation {
  recordTimes();
  return implement(Channelz, {
    getTopChannels({ startChannelId, maxResults }) {
      const { results, end } = page(channels, startChannelId, maxResults);
      return { channel: results.map(channelMessage), end };
    },
    getServers({ startServerId, maxResults }) {
      const { results, end } = page(servers, startServerId, maxResults);
      return { server: results.map(serverMessage), end };
    },
    getServer({ serverId }) {
      return { server: serverMessage(found("server", serverId, servers.get(Number(serverId)))) };
    },
    getServerSockets({ serverId, startSocketId, maxResults }) {
      const { sockets } = found("server", serverId, servers.get(Number(serverId)));
      const { results, end } = page(sockets, startSocketId, maxResults);
      return { socketRef: results.map(socketRef), end };
    },
    getChannel({ channelId }) {
      return { channel: channelMessage(found("channel", channelId, channels.get(Number(channelId)))) };
    },
    getSubchannel({ subchannelId }) {
      return { subchannel: subchannelMessage(found("subchannel", subchannelId, withId(subchannels(), subchannelId))) };
    },
    getSocket({ socketId }) {
      return { socket: socketMessage(found("socket", socketId, withId(sockets(), socketId))) };
    },
  });
}

/**
 * Returns the entities from an id on, as many as fit on a page.
 *
 * @param entities in the order of their ids.
 * @throws RpcError with INVALID_ARGUMENT if `max` is negative.
 */
function page<T extends Entity>(entities: Iterable<T>, start: bigint, max: bigint): { readonly results: T[]; readonly end: boolean } {
  if (max < 0n) throw new RpcError(Code.INVALID_ARGUMENT, `max_results must be 0 or more, got ${max}`);
  const limit = max === 0n || max > pageSize ? pageSize : Number(max);
  const results: T[] = [];
  for (const entity of entities) {
    if (entity.id < start) continue;
    if (results.length === limit) return { results, end: false };
    results.push(entity);
  }
  return { results, end: true };
}

/** @throws RpcError with NOT_FOUND if the entity does not exist. */
function found<T>(kind: string, id: bigint, entity: T | undefined): T {
  if (entity === undefined) throw new RpcError(Code.NOT_FOUND, `this process has no ${kind} with the id ${id}`);
  return entity;
}

function withId<T extends Entity>(entities: Iterable<T>, id: bigint): T | undefined {
  for (const entity of entities) if (entity.id === Number(id)) return entity;
  return undefined;
}

function* subchannels(): Generator<SubchannelEntity, undefined> {
  for (const channel of channels) yield* channel.subchannels;
}

function* sockets(): Generator<SocketEntity, undefined> {
  for (const { listenSockets, sockets } of servers) {
    yield* listenSockets;
    yield* sockets;
  }
  for (const { sockets } of subchannels()) yield* sockets;
}
