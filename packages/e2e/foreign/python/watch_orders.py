"""Watches orders with C-core, also over restarts of the server, and prints each response in base64.

python3 watch_orders.py ADDRESS AFTER_POSITION
"""

import base64
import sys
import time

import grpc


def varint(number):
    head, rest = number & 0x7F, number >> 7
    return bytes([head | 0x80]) + varint(rest) if rest else bytes([head])


def position_of(response):
    """Field 2 of a WatchOrdersResponse, whose field 1 is a message."""
    at, found = 0, 0
    while at < len(response):
        key, at = response[at], at + 1
        number, shift = 0, 0
        while True:
            byte, at = response[at], at + 1
            number, shift = number | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
        if key == 0x10:
            found = number
        else:
            at += number
    return found


position = int(sys.argv[2])
while True:
    with grpc.insecure_channel(sys.argv[1]) as channel:
        watch = channel.unary_stream("/services.OrderHistory/WatchOrders")
        try:
            for response in watch(b"\x08" + varint(position), wait_for_ready=True):
                position = position_of(response)
                print(base64.b64encode(response).decode(), flush=True)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            print(error.code().name, file=sys.stderr, flush=True)
    time.sleep(0.2)
