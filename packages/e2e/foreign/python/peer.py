"""gRPC's interop tests on C-core: a server and a client of grpc.testing.TestService.

Both take the standard flags. Debian's python3-grpcio leaves these programs out.

    peer.py server --port N [--use_tls --tls_cert_file FILE --tls_key_file FILE]
    peer.py client --server_port N --test_case NAME [--use_tls --ca_file FILE --server_host_override NAME]

INTEROP_GEN is the folder with the code that protoc generates from the vendored .proto files;
../../scripts/interop-foreign.sh sets it. Python's API does not expose whether a received message
was compressed, so the peer checks those parts of the cases.
"""

import argparse
import concurrent.futures
import itertools
import os
import queue
import sys
import time

import grpc

# The .proto package has the same name as the installed Python package `grpc`.
grpc.__path__.append(os.path.join(os.environ["INTEROP_GEN"], "grpc"))

from grpc.testing import empty_pb2, messages_pb2  # noqa: E402

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"

METHODS = {
    "EmptyCall": ("unary_unary", empty_pb2.Empty, empty_pb2.Empty),
    "UnaryCall": ("unary_unary", messages_pb2.SimpleRequest, messages_pb2.SimpleResponse),
    "StreamingOutputCall": ("unary_stream", messages_pb2.StreamingOutputCallRequest, messages_pb2.StreamingOutputCallResponse),
    "StreamingInputCall": ("stream_unary", messages_pb2.StreamingInputCallRequest, messages_pb2.StreamingInputCallResponse),
    "FullDuplexCall": ("stream_stream", messages_pb2.StreamingOutputCallRequest, messages_pb2.StreamingOutputCallResponse),
    "HalfDuplexCall": ("stream_stream", messages_pb2.StreamingOutputCallRequest, messages_pb2.StreamingOutputCallResponse),
}


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


# Server


def echo_metadata(context):
    metadata = dict(context.invocation_metadata())
    if INITIAL in metadata:
        context.send_initial_metadata(((INITIAL, metadata[INITIAL]),))
    if TRAILING in metadata:
        context.set_trailing_metadata(((TRAILING, metadata[TRAILING]),))


def echo_status(request, context):
    if request.HasField("response_status"):
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def responses_to(request, context):
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        yield messages_pb2.StreamingOutputCallResponse(payload=zeros(parameters.size))


class Service:
    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        echo_status(request, context)
        return messages_pb2.SimpleResponse(payload=zeros(request.response_size))

    def StreamingOutputCall(self, request, context):
        context.set_compression(grpc.Compression.Gzip)
        echo_status(request, context)
        yield from responses_to(request, context)

    def StreamingInputCall(self, requests, context):
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=sum(len(request.payload.body) for request in requests))

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            echo_status(request, context)
            yield from responses_to(request, context)

    def HalfDuplexCall(self, requests, context):
        for request in list(requests):
            yield from responses_to(request, context)


def serve(flags):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=16))
    service = Service()
    handlers = {
        name: getattr(grpc, f"{kind}_rpc_method_handler")(
            getattr(service, name), request_deserializer=request.FromString, response_serializer=response.SerializeToString
        )
        for name, (kind, request, response) in METHODS.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.testing.TestService", handlers),))
    address = f"127.0.0.1:{flags.port}"
    if flags.use_tls:
        with open(flags.tls_key_file, "rb") as key, open(flags.tls_cert_file, "rb") as cert:
            port = server.add_secure_port(address, grpc.ssl_server_credentials(((key.read(), cert.read()),)))
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"serving on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


# Client


class Client:
    def __init__(self, channel):
        for name, (kind, request, response) in METHODS.items():
            path = f"/grpc.testing.TestService/{name}"
            method = getattr(channel, kind)(path, request_serializer=request.SerializeToString, response_deserializer=response.FromString)
            setattr(self, name, method)
        for service in ("TestService", "UnimplementedService"):
            path = f"/grpc.testing.{service}/UnimplementedCall"
            method = channel.unary_unary(
                path, request_serializer=empty_pb2.Empty.SerializeToString, response_deserializer=empty_pb2.Empty.FromString
            )
            setattr(self, f"Unimplemented{service}", method)


REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)


def large(**more):
    return messages_pb2.SimpleRequest(response_size=314159, payload=zeros(271828), **more)


def duplex(response_size, request_size):
    parameters = [messages_pb2.ResponseParameters(size=response_size)]
    return messages_pb2.StreamingOutputCallRequest(response_parameters=parameters, payload=zeros(request_size))


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"got {actual!r}, want {expected!r}")


def expect_sizes(responses, sizes):
    expect([len(response.payload.body) for response in responses], list(sizes))


def expect_status(call, code, details=None):
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code(), code)
        if details is not None:
            expect(error.details(), details)
        return
    raise AssertionError(f"the call succeeded, want {code}")


def empty_unary(client):
    client.EmptyCall(empty_pb2.Empty())


def large_unary(client):
    expect_sizes([client.UnaryCall(large())], [314159])


def client_compressed_unary(client):
    yes, no = messages_pb2.BoolValue(value=True), messages_pb2.BoolValue(value=False)
    expect_status(lambda: client.UnaryCall(large(expect_compressed=yes)), grpc.StatusCode.INVALID_ARGUMENT)
    expect_sizes([client.UnaryCall(large(expect_compressed=yes), compression=grpc.Compression.Gzip)], [314159])
    expect_sizes([client.UnaryCall(large(expect_compressed=yes), compression=grpc.Compression.Deflate)], [314159])
    expect_sizes([client.UnaryCall(large(expect_compressed=no))], [314159])


def server_compressed_unary(client):
    for value in (True, False):
        expect_sizes([client.UnaryCall(large(response_compressed=messages_pb2.BoolValue(value=value)))], [314159])


def client_streaming(client):
    requests = (messages_pb2.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES)
    expect(client.StreamingInputCall(requests).aggregated_payload_size, 74922)


def server_streaming(client):
    parameters = [messages_pb2.ResponseParameters(size=size) for size in RESPONSE_SIZES]
    expect_sizes(client.StreamingOutputCall(messages_pb2.StreamingOutputCallRequest(response_parameters=parameters)), RESPONSE_SIZES)


def server_compressed_streaming(client):
    sizes = {31415: True, 92653: False}
    parameters = [messages_pb2.ResponseParameters(size=size, compressed=messages_pb2.BoolValue(value=value)) for size, value in sizes.items()]
    expect_sizes(client.StreamingOutputCall(messages_pb2.StreamingOutputCallRequest(response_parameters=parameters)), sizes)


def ping_pong(client):
    requests = queue.Queue()
    responses = client.FullDuplexCall(iter(requests.get, None))
    for response_size, request_size in zip(RESPONSE_SIZES, REQUEST_SIZES):
        requests.put(duplex(response_size, request_size))
        expect_sizes([next(responses)], [response_size])
    requests.put(None)
    expect(list(responses), [])


def empty_stream(client):
    expect(list(client.FullDuplexCall(iter(()))), [])


def half_duplex(client):
    expect_sizes(client.HalfDuplexCall(itertools.starmap(duplex, zip(RESPONSE_SIZES, REQUEST_SIZES))), RESPONSE_SIZES)


def slow_consumer(client):
    parameters = [messages_pb2.ResponseParameters(size=1030)] * 2000
    received = 0
    for response in client.StreamingOutputCall(messages_pb2.StreamingOutputCallRequest(response_parameters=parameters)):
        expect_sizes([response], [1030])
        received += 1
        time.sleep(0.001)
    expect(received, 2000)


def custom_metadata(client):
    metadata = ((INITIAL, "test_initial_metadata_value"), (TRAILING, b"\xab\xab\xab"))

    def check(call):
        expect(dict(call.initial_metadata()).get(INITIAL), "test_initial_metadata_value")
        expect(dict(call.trailing_metadata()).get(TRAILING), b"\xab\xab\xab")

    check(client.UnaryCall.with_call(large(), metadata=metadata)[1])
    call = client.FullDuplexCall(iter([duplex(314159, 271828)]), metadata=metadata)
    expect_sizes(call, [314159])
    check(call)


def status_code_and_message(client):
    status = messages_pb2.EchoStatus(code=2, message="test status message")
    unary = messages_pb2.SimpleRequest(response_status=status)
    expect_status(lambda: client.UnaryCall(unary), grpc.StatusCode.UNKNOWN, status.message)
    stream = messages_pb2.StreamingOutputCallRequest(response_status=status)
    expect_status(lambda: list(client.FullDuplexCall(iter([stream]))), grpc.StatusCode.UNKNOWN, status.message)


def special_status_message(client):
    status = messages_pb2.EchoStatus(code=2, message="\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
    unary = messages_pb2.SimpleRequest(response_status=status)
    expect_status(lambda: client.UnaryCall(unary), grpc.StatusCode.UNKNOWN, status.message)


def unimplemented_method(client):
    expect_status(lambda: client.UnimplementedTestService(empty_pb2.Empty()), grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(client):
    expect_status(lambda: client.UnimplementedUnimplementedService(empty_pb2.Empty()), grpc.StatusCode.UNIMPLEMENTED)


def cancel_after_begin(client):
    requests = queue.Queue()
    call = client.StreamingInputCall.future(iter(requests.get, None))
    call.cancel()
    expect(call.code(), grpc.StatusCode.CANCELLED)
    requests.put(None)


def cancel_after_first_response(client):
    requests = queue.Queue()
    call = client.FullDuplexCall(iter(requests.get, None))
    requests.put(duplex(31415, 27182))
    expect_sizes([next(call)], [31415])
    call.cancel()
    expect_status(lambda: next(call), grpc.StatusCode.CANCELLED)
    requests.put(None)


def timeout_on_sleeping_server(client):
    requests = queue.Queue()
    requests.put(messages_pb2.StreamingOutputCallRequest(payload=zeros(27182)))
    call = client.FullDuplexCall(iter(requests.get, None), timeout=0.001)
    expect_status(lambda: next(call), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.put(None)


def run_client(flags):
    address = f"{flags.server_host}:{flags.server_port}"
    if flags.use_tls:
        with open(flags.ca_file, "rb") as ca:
            credentials = grpc.ssl_channel_credentials(ca.read())
        override = flags.server_host_override
        options = (("grpc.ssl_target_name_override", override),) if override else ()
        channel = grpc.secure_channel(address, credentials, options)
    else:
        channel = grpc.insecure_channel(address)
    with channel:
        globals()[flags.test_case](Client(channel))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("server", "client"))
    parser.add_argument("--port", default="0")
    parser.add_argument("--server_host", default="127.0.0.1")
    parser.add_argument("--server_port")
    parser.add_argument("--server_host_override")
    parser.add_argument("--test_case")
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--ca_file")
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    flags = parser.parse_args()
    if flags.side == "server":
        return serve(flags)
    try:
        run_client(flags)
    except (AssertionError, grpc.RpcError) as error:
        reason = f"{error.code()}: {error.details()}" if isinstance(error, grpc.RpcError) else str(error)
        sys.exit(f"{flags.test_case}: {reason}")


main()
