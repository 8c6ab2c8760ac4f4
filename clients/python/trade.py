"""Enters an order, follows what becomes of it, and cancels what is left.

    pip install grpcio grpcio-tools        (or: apt install python3-grpcio python3-grpc-tools)
    python3 clients/python/trade.py

DAYBOOK_GRPC is where gRPC listens (default 127.0.0.1:8081), DAYBOOK_KEY an API key or token.
"""

import os
import sys
import time
from pathlib import Path

import grpc

# Made of the definitions at run time; `python3 -m grpc_tools.protoc` writes the same into files.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "proto"))
messages, services = grpc.protos_and_services("daybook/v1/order_service.proto")
orders = grpc.protos("daybook/v1/order.proto")
stream_messages, stream_services = grpc.protos_and_services("daybook/v1/stream_service.proto")

key = os.environ.get("DAYBOOK_KEY")
metadata = [("authorization", f"Bearer {key}")] if key else []

with grpc.insecure_channel(os.environ.get("DAYBOOK_GRPC", "127.0.0.1:8081")) as channel:
    entry = services.OrderServiceStub(channel)
    streams = stream_services.StreamServiceStub(channel)
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
        order = entry.SubmitOrder(request, metadata=metadata, timeout=10).order
    except grpc.RpcError as error:
        codes = [value for name, value in error.trailing_metadata() if name == "daybook-code"]
        sys.exit(f"refused: {codes or error.code()}: {error.details()}")
    print(f"order {order.order_id} is on record, sequence {order.sequence}")

    # From the order's own event on: nothing that became of it can be missed. To resume after a
    # lost connection, ask again with the `to` of the last message.
    subscription = stream_messages.Subscription(after=order.sequence, accounts=["alpha"])
    request = stream_messages.StreamExecutionsRequest(subscription=subscription)
    done = False
    for message in streams.StreamExecutions(request, metadata=metadata):
        for execution in message.entries:
            if execution.order_id != order.order_id:
                continue
            print(f"{execution.sequence} {execution.event}, {execution.leaves_quantity} left")
            if execution.event == "OrderAcknowledged":
                named = orders.OrderReference(order_id=order.order_id)
                cancel = orders.CancelOrder(order=named)
                entry.CancelOrder(messages.CancelOrderRequest(cancel=cancel), metadata=metadata)
            done = done or execution.event == "OrderCanceled"
        if done:
            break
print("done")
