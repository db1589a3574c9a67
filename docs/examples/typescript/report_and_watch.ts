// A partner's system in TypeScript: reports a matter, watches the orders it becomes, and acknowledges its own.
//
//   npm install && npm run generate && npm start -- ENDPOINTS_JSON
//
// ENDPOINTS_JSON is what `./dev up` writes to .run/endpoints.json.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { OrderAct, OrderService } from "./generated/streetwise/dispatch/v1/orders_pb.ts";
import { Datum } from "./generated/streetwise/intake/v1/events_pb.ts";
import { ReportService } from "./generated/streetwise/intake/v1/reports_pb.ts";

const STREET = "990102001000";
const PATIENCE_MS = 30_000;

interface Endpoints {
  grpc: Record<string, string>;
  tokens: Record<string, string>;
}
const endpoints: Endpoints = JSON.parse(readFileSync(process.argv[2] ?? ".run/endpoints.json", "utf8"));

function transport(service: string, persona: string) {
  const signed: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${endpoints.tokens[persona]}`);
    return next(request);
  };
  return createGrpcTransport({
    baseUrl: endpoints.grpc[service]!,
    interceptors: [signed],
    defaultTimeoutMs: PATIENCE_MS,
  });
}

const reports = createClient(ReportService, transport("intake", "grid-worker"));
const orders = createClient(OrderService, transport("dispatch", "transport"));

const report = {
  street: STREET,
  idempotencyKey: randomUUID(),
  text: "公交306路改道，取消站点",
  item: "TRA-01",
  place: { lon: 106.71, lat: 29.71, datum: Datum.GCJ02 },
};
const accepted = await reports.submitReport(report);
console.log(`accepted  ${accepted.reportId}  code ${accepted.trackingCode}`);
const again = await reports.submitReport(report);
if (again.reportId !== accepted.reportId) throw new Error("the same key had a second effect");

// Every refusal has a status, a text that says what to do next, and our stable code in its details.
try {
  await reports.submitReport({ ...report, idempotencyKey: "not-a-uuid" });
  throw new Error("a bad key was accepted");
} catch (error) {
  if (!(error instanceof ConnectError) || error.code !== Code.InvalidArgument) throw error;
  console.log(`refused   ${error.rawMessage}`);
}

// The order comes by itself. A watcher that was cut off comes back with its last cursor.
let acknowledged = false;
for await (const change of orders.watchOrders({ street: STREET })) {
  const order = change.order!;
  console.log(`${change.event.padEnd(13)} ${order.caseNo}  ${order.body}  ${order.phase}  cursor ${change.cursor}`);
  if (change.event === "dispatched") {
    const act = { street: STREET, orderId: order.orderId, act: OrderAct.ACKNOWLEDGE, note: "已签收" };
    await orders.actOnOrder({ ...act, idempotencyKey: randomUUID() });
  }
  acknowledged ||= change.event === "acknowledged";
  if (acknowledged) break;
}
if (!acknowledged) throw new Error("the order was never acknowledged");
