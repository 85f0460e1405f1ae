// Converts what channelz shows to the messages of grpc.channelz.v1.
import { isIP } from "node:net";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type AddressSchema,
  type ChannelDataSchema,
  type ChannelSchema,
  type ChannelTraceSchema,
  type ServerSchema,
  ChannelTraceEvent_Severity as Severity,
  type SocketDataSchema,
  type SocketSchema,
  ChannelConnectivityState_State as State,
  type SubchannelSchema,
} from "../../../gen/grpc/channelz/v1/channelz_pb.js";
import type { CallCounts } from "../../channelz/counts.ts";
import type {
  ChannelEntity,
  Entity,
  ServerEntity,
  SocketAddress,
  SocketEntity,
  SocketTraffic,
  SubchannelEntity,
} from "../../channelz/entities.ts";
import type { Trace } from "../../channelz/trace.ts";
import { ipBytes } from "../../protocol/ip-bytes.ts";

const states = {
  idle: State.IDLE,
  connecting: State.CONNECTING,
  ready: State.READY,
  failed: State.TRANSIENT_FAILURE,
  closed: State.SHUTDOWN,
} as const;

const severities = { info: Severity.CT_INFO, warning: Severity.CT_WARNING } as const;

export function serverMessage(server: ServerEntity): MessageInitShape<typeof ServerSchema> {
  const { id, name, counts, trace, listenSockets } = server;
  return {
    ref: { serverId: BigInt(id), name },
    data: { ...callData(counts), trace: traceMessage(trace) },
    listenSocket: listenSockets.map(socketRef),
  };
}

export function channelMessage(channel: ChannelEntity): MessageInitShape<typeof ChannelSchema> {
  const { id, name, target, subchannels } = channel;
  return {
    ref: { channelId: BigInt(id), name },
    data: channelData(channel, target),
    subchannelRef: subchannels.map(({ id, name }) => ({ subchannelId: BigInt(id), name })),
  };
}

export function subchannelMessage(subchannel: SubchannelEntity): MessageInitShape<typeof SubchannelSchema> {
  const { id, name, sockets } = subchannel;
  return {
    ref: { subchannelId: BigInt(id), name },
    data: channelData(subchannel, name),
    socketRef: sockets.map(socketRef),
  };
}

export function socketRef({ id, name }: Entity) {
  return { socketId: BigInt(id), name };
}

export function socketMessage(socket: SocketEntity): MessageInitShape<typeof SocketSchema> {
  const { local, remote, tls, traffic } = socket.facts();
  return {
    ref: socketRef(socket),
    local: local && addressMessage(local),
    remote: remote && addressMessage(remote),
    security: tls && {
      model: {
        case: "tls",
        value: {
          cipherSuite: { case: "standardName", value: tls.cipher },
          localCertificate: tls.localCertificate ?? new Uint8Array(),
          remoteCertificate: tls.remoteCertificate ?? new Uint8Array(),
        },
      },
    },
    data: traffic === undefined ? {} : socketData(traffic),
  };
}

function channelData(
  { state, counts, trace }: ChannelEntity | SubchannelEntity,
  target: string,
): MessageInitShape<typeof ChannelDataSchema> {
  return { state: { state: states[state] }, target, trace: traceMessage(trace), ...callData(counts) };
}

function callData({ started, succeeded, failed, lastStartedAt }: CallCounts) {
  return {
    callsStarted: BigInt(started),
    callsSucceeded: BigInt(succeeded),
    callsFailed: BigInt(failed),
    lastCallStartedTimestamp: timestamp(lastStartedAt),
  };
}

function traceMessage({ createdAt, logged, events }: Trace): MessageInitShape<typeof ChannelTraceSchema> {
  return {
    creationTimestamp: timestamp(createdAt),
    numEventsLogged: BigInt(logged),
    events: events.map(({ description, severity, at }) => ({ description, severity: severities[severity], timestamp: timestamp(at) })),
  };
}

function socketData(traffic: SocketTraffic): MessageInitShape<typeof SocketDataSchema> {
  const { role, messages } = traffic;
  const lastStream = timestamp(messages.lastStreamAt);
  return {
    streamsStarted: BigInt(traffic.streamsStarted),
    streamsSucceeded: BigInt(traffic.streamsSucceeded),
    streamsFailed: BigInt(traffic.streamsFailed),
    messagesSent: BigInt(messages.sent),
    messagesReceived: BigInt(messages.received),
    keepAlivesSent: BigInt(traffic.keepalivesSent),
    // Only clients open streams.
    ...(role === "client" ? { lastLocalStreamCreatedTimestamp: lastStream } : { lastRemoteStreamCreatedTimestamp: lastStream }),
    lastMessageSentTimestamp: timestamp(messages.lastSentAt),
    lastMessageReceivedTimestamp: timestamp(messages.lastReceivedAt),
    localFlowControlWindow: BigInt(traffic.sendWindow),
    remoteFlowControlWindow: BigInt(traffic.receiveWindow),
  };
}

/** @param ms milliseconds since 1970. NaN stands for no time. */
function timestamp(ms: number) {
  return Number.isNaN(ms) ? undefined : timestampFromMs(ms);
}

function addressMessage(address: SocketAddress): MessageInitShape<typeof AddressSchema> {
  if ("text" in address) return { address: { case: "otherAddress", value: { name: address.text } } };
  if ("path" in address) return { address: { case: "udsAddress", value: { filename: address.path } } };
  const { host, port } = address;
  // A server may listen on a name.
  if (isIP(host) === 0) return { address: { case: "otherAddress", value: { name: `${host}:${port}` } } };
  return { address: { case: "tcpipAddress", value: { ipAddress: ipBytes(host), port } } };
}
