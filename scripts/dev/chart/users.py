"""The broker's users of k8s/infrastructure/nats, tried out on a real server: what each may say and hear, and what it may not.

Usage: users.py PATH-OF-NATS-SERVER. The server listens on loopback only, on a port of its own choice, and ends with this program."""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import yaml

from rendering import K8S

VALUES = K8S / "infrastructure/nats/values.yaml"
SERVICES = ["intake", "triage", "dispatch", "notification", "directory", "console"]


def settings(users):
    """As the chart would write them, each user's password its own name."""
    shown = [{**user, "password": user["user"]} for user in users]
    # What the server reads is a superset of JSON.
    return json.dumps({"listen": "127.0.0.1:-1", "jetstream": {"max_mem": 1 << 20}, "authorization": {"users": shown}})


def attempts(user):
    """(operation, subject, whether it may). Only what a service says of itself, its own inbox and its own consumers."""
    for service in SERVICES:
        own = service == user
        yield "PUB", f"{service}.report.accepted.normal.990102001000", own and user != "console"
        yield "SUB", f"_INBOX_{service}.x", own
        yield "SUB", f"{service}.report.accepted.normal.990102001000", user == "dispatch" == service
    yield "PUB", "live.990102001000", user == "console"
    yield "SUB", "live.*", user == "console"
    yield "SUB", "live.* queue", user == "console"
    for subject in (">", "*.*.*.*.*", "_INBOX.>", "$JS.>"):
        yield "SUB", subject, False
    for command in ("STREAM.PURGE.intake", "STREAM.DELETE.intake", "STREAM.MSG.GET.intake", "DIRECT.GET.intake", "STREAM.CREATE.x"):
        yield "PUB", f"$JS.API.{command}", False
    yield "PUB", "$JS.API.CONSUMER.MSG.NEXT.intake.triage-intake-normal", user == "triage"
    yield "PUB", "$JS.API.CONSUMER.INFO.directory.intake-directory", user == "intake"
    yield "PUB", "$JS.ACK.dispatch.notification-dispatch-urgent.1.2.3.4.5", user == "notification"
    yield "PUB", "$JS.API.CONSUMER.CREATE.intake.triage-intake-normal", False


def answers(port, user, password, lines):
    """What the server says to these lines, up to the answer to a ping after them."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        stream = connection.makefile("rwb")
        stream.readline()
        hello = {"user": user, "pass": password, "verbose": False, "pedantic": False, "headers": True, "no_responders": True, "protocol": 1}
        for line in [f"CONNECT {json.dumps(hello)}", *lines, "PING"]:
            stream.write(line.encode() + b"\r\n")
        stream.flush()
        said = []
        while True:
            line = stream.readline().decode().strip()
            if not line or line == "PONG":
                return said
            said.append(line)


def line_of(operation, subject):
    return f"PUB {subject} 0\r\n" if operation == "PUB" else f"SUB {subject} 1"


def faults(port):
    if not any("Authorization Violation" in line for line in answers(port, "intake", "wrong", [])):
        yield "a wrong password was taken"
    for user in SERVICES:
        for operation, subject, may in attempts(user):
            said = answers(port, user, user, [line_of(operation, subject)])
            refused = any("Permissions Violation" in line for line in said)
            if refused == may:
                yield f"{user} {'may not' if may else 'may'} {operation} {subject}: {said}"


def main(server):
    users = yaml.safe_load(VALUES.read_text())["config"]["merge"]["authorization"]["users"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "nats.conf").write_text(settings(users))
        command = [server, "-c", folder / "nats.conf", "-sd", folder / "js", "--ports_file_dir", folder, "-l", folder / "log"]
        process = subprocess.Popen(command)
        try:
            deadline = time.monotonic() + 20
            while not (ports := list(folder.glob("*.ports"))) or not ports[0].read_text():
                if process.poll() is not None or time.monotonic() > deadline:
                    print(f"  ✗ nats-server did not start: {(folder / 'log').read_text()}", file=sys.stderr)
                    return 1
                time.sleep(0.05)
            port = int(json.loads(ports[0].read_text())["nats"][0].rsplit(":", 1)[1])
            found = list(faults(port))
        finally:
            process.terminate()
            process.wait(10)
    for text in found:
        print(f"  ✗ {text}", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
