"""A partner's system in Python: reports a matter, watches the orders it becomes, and acknowledges its own.

    python3 -m pip install -r requirements.txt
    python3 report_and_watch.py ENDPOINTS_JSON

ENDPOINTS_JSON is what `./dev up` writes to .run/endpoints.json. The client is generated from proto/ on the fly.
"""

import json
import pathlib
import sys
import tempfile
import uuid

import grpc
from grpc_tools import protoc

STREET = "990102001000"
PROTOS = pathlib.Path(__file__).resolve().parents[3] / "proto"
PATIENCE_S = 30


def generated():
    """Compiles proto/ into a temporary package and makes it importable."""
    out = tempfile.mkdtemp(prefix="streetwise-proto-")
    files = [str(path) for path in sorted(PROTOS.glob("streetwise/*/v1/*.proto"))]
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTOS}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(arguments + files) != 0:
        sys.exit("the protos do not compile")
    sys.path.insert(0, out)


def address(endpoints, service):
    return endpoints["grpc"][service].removeprefix("http://")


def signed(endpoints, persona):
    return [("authorization", f"Bearer {endpoints['tokens'][persona]}")]


def main():
    endpoints = json.loads(pathlib.Path(sys.argv[1]).read_text())
    generated()
    from streetwise.dispatch.v1 import orders_pb2, orders_pb2_grpc
    from streetwise.intake.v1 import events_pb2, reports_pb2, reports_pb2_grpc

    orders = orders_pb2_grpc.OrderServiceStub(grpc.insecure_channel(address(endpoints, "dispatch")))
    transport = signed(endpoints, "transport")

    # Many reports over one call; each has its own answer, named by its idempotency key.
    reports = reports_pb2_grpc.ReportServiceStub(grpc.insecure_channel(address(endpoints, "intake")))
    report = reports_pb2.SubmitReportRequest(
        street=STREET,
        idempotency_key=str(uuid.uuid4()),
        text="公交306路改道，取消站点",
        item="TRA-01",
        place=events_pb2.Place(lon=106.61, lat=29.61, datum=events_pb2.DATUM_GCJ02),
    )
    nowhere = reports_pb2.SubmitReportRequest(street=STREET, idempotency_key=str(uuid.uuid4()), text="没有地点")
    items = (reports_pb2.SubmitReportsRequest(report=item) for item in (report, nowhere))
    answers = {
        answer.idempotency_key: answer
        for answer in reports.SubmitReports(items, metadata=signed(endpoints, "grid-worker"), timeout=PATIENCE_S)
    }
    accepted = answers[report.idempotency_key].accepted
    refused = answers[nowhere.idempotency_key].refused
    print(f"accepted  {accepted.report_id}  code {accepted.tracking_code}")
    print(f"refused   {refused.code}: {refused.hint}")
    assert refused.code == "datum-required", refused

    # The order comes by itself. A watcher that was cut off comes back with its last cursor.
    watch = orders_pb2.WatchOrdersRequest(street=STREET)
    for change in orders.WatchOrders(watch, metadata=transport, timeout=PATIENCE_S):
        order = change.order
        print(f"{change.event:<13} {order.case_no}  {order.body}  {order.phase}  cursor {change.cursor}")
        if change.event == "dispatched":
            orders.ActOnOrder(
                orders_pb2.ActOnOrderRequest(
                    street=STREET,
                    order_id=order.order_id,
                    idempotency_key=str(uuid.uuid4()),
                    act=orders_pb2.ORDER_ACT_ACKNOWLEDGE,
                    note="已签收",
                ),
                metadata=transport,
                timeout=PATIENCE_S,
            )
        if change.event == "acknowledged":
            break
    else:
        sys.exit("the order was never acknowledged")


if __name__ == "__main__":
    main()
