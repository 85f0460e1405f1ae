"""A C-core server and client that exchange statuses and metadata.

They work as ../go/statuses/statuses.go describes.
"""

import base64
import concurrent.futures
import json
import sys

import grpc


def answer(_, context):
    received = context.invocation_metadata()
    values = tuple((key, value) for key, value in received if key in ("x-value", "x-value-bin"))
    context.send_initial_metadata(values)
    context.set_trailing_metadata(values)
    received = dict(received)
    if "x-text-bin" in received:
        code = next(code for code in grpc.StatusCode if code.value[0] == int(received["x-code"]))
        context.abort(code, received["x-text-bin"].decode())
    return b""


class Handlers(grpc.GenericRpcHandler):
    def service(self, _):
        return grpc.unary_unary_rpc_method_handler(answer)


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=(Handlers(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def encode(metadata):
    values = {}
    for key, value in metadata or ():
        values.setdefault(key, []).append(base64.b64encode(value).decode() if key.endswith("-bin") else value)
    return values


def call(address):
    method = grpc.insecure_channel(address).unary_unary("/grpc.testing.TestService/EmptyCall")
    for line in sys.stdin:
        metadata = [(key, base64.b64decode(value) if key.endswith("-bin") else value) for key, value in json.loads(line)]
        try:
            _, ended = method.with_call(b"", metadata=metadata)
        except grpc.RpcError as error:
            ended = error
        outcome = {
            "code": ended.code().value[0],
            "message": base64.b64encode((ended.details() or "").encode()).decode(),
            "header": encode(ended.initial_metadata()),
            "trailer": encode(ended.trailing_metadata()),
        }
        print(json.dumps(outcome), flush=True)


if sys.argv[1] == "server":
    serve()
else:
    call(sys.argv[2])
