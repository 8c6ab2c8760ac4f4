"""Enters an order, follows what becomes of it, and cancels what is left.

    apt install python3-grpcio protobuf-compiler        (or: pip install grpcio grpcio-tools)
    python3 clients/python/trade.py

DAYBOOK_GRPC is where gRPC listens (default 127.0.0.1:8081), DAYBOOK_KEY an API key or token.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc

PROTO = Path(__file__).resolve().parents[2] / "proto"
SERVICES = ["order_service", "stream_service"]


def generate(folder):
    """Python classes of the messages; a program of yours would keep what this writes."""
    compiler = ["protoc"] if shutil.which("protoc") else [sys.executable, "-m", "grpc_tools.protoc"]
    files = [f"daybook/v1/{name}.proto" for name in ["order", *SERVICES]]
    arguments = [f"--proto_path={PROTO}", f"--python_out={folder}", *files]
    subprocess.run([*compiler, *arguments], check=True)
    sys.path.insert(0, folder)


with tempfile.TemporaryDirectory() as generated:
    generate(generated)
    from daybook.v1 import order_pb2 as orders
    from daybook.v1 import order_service_pb2 as messages
    from daybook.v1 import stream_service_pb2 as stream_messages


def caller(make, service, name, types):
    """A method of the definitions on this channel."""
    request, response = (getattr(types, name + suffix) for suffix in ("Request", "Response"))
    path = f"/daybook.v1.{service}/{name}"
    return make(path, request.SerializeToString, response.FromString)


key = os.environ.get("DAYBOOK_KEY")
metadata = [("authorization", f"Bearer {key}")] if key else []

with grpc.insecure_channel(os.environ.get("DAYBOOK_GRPC", "127.0.0.1:8081")) as channel:
    submit_order = caller(channel.unary_unary, "OrderService", "SubmitOrder", messages)
    cancel_order = caller(channel.unary_unary, "OrderService", "CancelOrder", messages)
    stream_executions = caller(
        channel.unary_stream, "StreamService", "StreamExecutions", stream_messages
    )
    new = orders.NewOrder(
        client_order_id=f"example-py-{time.time_ns()}",
        account="alpha",
        instrument="ESH4",
        side=orders.SIDE_BUY,
        type=orders.ORD_TYPE_LIMIT,
        quantity="2",
        price="4700",
    )
    request = messages.SubmitOrderRequest(order=new)
    try:
        order = submit_order(request, metadata=metadata, timeout=10).order
    except grpc.RpcError as error:
        codes = [value for name, value in error.trailing_metadata() if name == "daybook-code"]
        sys.exit(f"refused: {codes or error.code()}: {error.details()}")
    print(f"order {order.order_id} is on record, sequence {order.sequence}")

    # From the order's own event on: nothing that became of it can be missed. To resume after a
    # lost connection, ask again with the `to` of the last message.
    subscription = stream_messages.Subscription(after=order.sequence, accounts=["alpha"])
    request = stream_messages.StreamExecutionsRequest(subscription=subscription)
    done = False
    for message in stream_executions(request, metadata=metadata):
        for execution in message.entries:
            if execution.order_id != order.order_id:
                continue
            print(f"{execution.sequence} {execution.event}, {execution.leaves_quantity} left")
            if execution.event == "OrderAcknowledged":
                named = orders.OrderReference(order_id=order.order_id)
                cancel = orders.CancelOrder(order=named)
                cancel_order(messages.CancelOrderRequest(cancel=cancel), metadata=metadata)
            done = done or execution.event == "OrderCanceled"
        if done:
            break
print("done")
