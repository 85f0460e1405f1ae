"""A server and a client on C-core that exchange statuses and metadata, like ../go/statuses/statuses.go."""

import base64
import concurrent.futures
import json
import sys

import grpc


def answer(_, context):
    asked = context.invocation_metadata()
    values = tuple((key, value) for key, value in asked if key in ("x-value", "x-value-bin"))
    context.send_initial_metadata(values)
    context.set_trailing_metadata(values)
    asked = dict(asked)
    if "x-text-bin" in asked:
        code = next(code for code in grpc.StatusCode if code.value[0] == int(asked["x-code"]))
        context.abort(code, asked["x-text-bin"].decode())
    return b""


class Handlers(grpc.GenericRpcHandler):
    def service(self, _):
        return grpc.unary_unary_rpc_method_handler(answer)


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=(Handlers(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def shown(metadata):
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
        said = {
            "code": ended.code().value[0],
            "message": base64.b64encode((ended.details() or "").encode()).decode(),
            "header": shown(ended.initial_metadata()),
            "trailer": shown(ended.trailing_metadata()),
        }
        print(json.dumps(said), flush=True)


if sys.argv[1] == "server":
    serve()
else:
    call(sys.argv[2])
