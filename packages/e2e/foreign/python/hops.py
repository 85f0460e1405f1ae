"""The first and the last hop of a call, in C-core.

They work as ../go/hops/hops.go describes.
"""

import concurrent.futures
import json
import sys
import threading

import grpc


def wait(_, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    left = context.time_remaining()
    print(json.dumps({"leftMs": int(left * 1000), "metadata": dict(context.invocation_metadata())}), flush=True)
    ended.wait()
    print(json.dumps({"ended": "context canceled"}), flush=True)
    return b""


class Handlers(grpc.GenericRpcHandler):
    def service(self, _):
        return grpc.unary_unary_rpc_method_handler(wait)


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=(Handlers(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def call(address, milliseconds):
    method = grpc.insecure_channel(address).unary_unary("/grpc.testing.TestService/EmptyCall")
    metadata = (
        ("x-request-id", "r1"),
        ("baggage", "a=1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("authorization", "Bearer secret"),
    )
    made = method.future(b"", metadata=metadata, timeout=int(milliseconds) / 1000)

    def cancel():
        if sys.stdin.readline():
            made.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    ended = threading.Event()
    made.add_done_callback(lambda _: ended.set())
    ended.wait()
    print(json.dumps({"code": made.code().value[0]}), flush=True)


if sys.argv[1] == "server":
    serve()
else:
    call(sys.argv[2], sys.argv[3])
