"""A body's own receiver of webhooks, in Python's standard library: verifies, keeps, answers, and never falls back.

    python3 receive_webhooks.py --port 8900 --path /hooks/transport --secret-file SECRET --database webhooks.sqlite

SECRET has one secret a line, as `streetwise endpoint rotate-secret` wrote them; any of them fits, and the file is read at each request,
so a new one counts at once beside the old one. What came is in the database when the answer goes out: answered is kept.
docs/webhooks.md says what is in a webhook.
"""

import argparse
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import pathlib
import sqlite3
import time

TOLERANCE_S = 300
BODY_BYTES_MAX = 65536
READ_WITHIN_S = 20

SCHEMA = """
CREATE TABLE IF NOT EXISTS webhooks (webhook_id TEXT PRIMARY KEY, received_at REAL NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, version INTEGER NOT NULL, last_event TEXT NOT NULL, case_no TEXT NOT NULL,
    stages TEXT NOT NULL);
"""

# Of an order; the newest that an order heard of counts, in whatever order they arrive.
NEWEST = """
INSERT INTO orders (order_id, version, last_event, case_no, stages) VALUES (:order_id, :version, :type, :case_no, :stages)
ON CONFLICT (order_id) DO UPDATE SET version = excluded.version, last_event = excluded.last_event, stages = excluded.stages
    WHERE excluded.version > orders.version
"""


def number(text):
    """Digits and nothing else, or None."""
    return int(text) if text and len(text) <= 12 and text.isascii() and text.isdigit() else None


def signed(secrets, headers, body, now):
    """Whether one of the signatures is of these bytes by one of the secrets, and not of long ago (Standard Webhooks)."""
    webhook_id, sent_at = headers.get("webhook-id", ""), number(headers.get("webhook-timestamp"))
    if sent_at is None or abs(now - sent_at) > TOLERANCE_S:
        return False
    content = f"{webhook_id}.{headers['webhook-timestamp']}.".encode() + body
    given = headers.get("webhook-signature", "").split(" ")
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    expected = ["v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys]
    return any(hmac.compare_digest(ours.encode(), one.encode()) for ours in expected for one in given)


def keep(database, webhook_id, body):
    """Keeps it and what it says of its order, in one transaction. False for one that is here already: repeated, not new."""
    said = {"version": 0} | json.loads(body)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        row = (webhook_id, time.time(), body)
        if connection.execute("INSERT INTO webhooks VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount == 0:
            return False
        if said["order_id"] and said["type"].startswith("dispatch.order."):
            connection.execute(NEWEST, said | {"stages": json.dumps(said["stages"])})
        return True


def receiver(arguments):
    class Receiver(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = READ_WITHIN_S

        def do_POST(self):
            length = number(self.headers.get("content-length"))
            if length is None or length > BODY_BYTES_MAX:
                self.close_connection = True
                return self.answer(411 if length is None else 413)
            body = self.rfile.read(length)
            if self.path != arguments.path:
                return self.answer(404)
            if not signed(arguments.secret_file.read_text().split(), self.headers, body, time.time()):
                return self.answer(401)
            new = keep(arguments.database, self.headers["webhook-id"], body)
            self.answer(204)
            said = json.loads(body)
            print("new" if new else "again", said["type"], said["case_no"] or said.get("report_id"), "version", said.get("version"), flush=True)

        def answer(self, status):
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing: a path may be told to others by a log."""

    return Receiver


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--secret-file", type=pathlib.Path, required=True)
    parser.add_argument("--database", required=True)
    arguments = parser.parse_args()
    with contextlib.closing(sqlite3.connect(arguments.database)) as connection:
        connection.executescript(SCHEMA)
    http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), receiver(arguments)).serve_forever()


if __name__ == "__main__":
    main()
