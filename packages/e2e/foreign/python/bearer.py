"""A C-core client with access tokens. It works as ../go/bearer/bearer.go describes.

python3 bearer.py ADDRESS CA
"""

import base64
import json
import sys

import grpc

service = "/services.UserService/GetUserScore"
with open(sys.argv[2], "rb") as file:
    tls = grpc.ssl_channel_credentials(file.read())
channel = grpc.secure_channel(sys.argv[1], tls)
kinds = (
    lambda token: channel.unary_unary(service)(b"", credentials=token, timeout=20),
    lambda token: list(channel.unary_stream(service + "ByServerStream")(b"", credentials=token, timeout=20)),
    lambda token: channel.stream_unary(service + "ByClientStream")(iter([b""]), credentials=token, timeout=20),
    lambda token: list(channel.stream_stream(service + "ByDoubleEndStream")(iter([b""]), credentials=token, timeout=20)),
)


def outcome(call, token):
    try:
        call(grpc.access_token_call_credentials(token))
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        return {"code": error.code().value[0], "message": error.details(), "details": base64.b64encode(details).decode()}
    return {"code": 0, "message": "", "details": ""}


for line in sys.stdin:
    print(json.dumps([outcome(call, line.rstrip("\n")) for call in kinds]), flush=True)
