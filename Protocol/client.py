#!/usr/bin/env python3
"""An independent client of the maws protocol, written from wire.md alone with Python's standard library.

    client.py HOST:PORT CERTIFICATES   dial a coordinator as a viewer and print the status
    client.py --check-golden           decode every frame in golden/ and encode it again
"""

import json
import pathlib
import socket
import ssl
import struct
import sys

GOLDEN = pathlib.Path(__file__).parent / "golden"
MAGIC, VERSION, HEADER = b"MAWS", 6, struct.Struct("<4sHBBIQ")

# Types of wire.md: a struct format, or a name that `decode` and `encode` know, or a list of (field, type).
STAGE_STEP = [("stage", "I"), ("step", "Q")]
REPLY = [("reply term", "Q"), ("request", "Q")]
REQUEST = [("request", "Q")]
UNIT = [("term", "Q")] + STAGE_STEP + [("unit", "I")]
CODE = [("word 0", "Q"), ("word 1", "Q"), ("word 2", "Q"), ("word 3", "Q")]
GRANT = [
    ("phase", "I"), ("first unit", "I"), ("units", "I"), ("may be non-finite", "bool"), ("code", CODE),
]
SLICE = STAGE_STEP + [("block", "I"), ("slot", "text")]
SHARD = [("index", "I"), ("count", "I")]
SERVER_HELLO = [
    ("shard", SHARD), ("host", "text"), ("port", "H"), ("run", "text"), ("stage", "I"), ("step", "Q"),
    ("has reduced", "bool"),
]
HELLO = [
    ("protocol version", "I"), ("role", "B"), ("name", "text"), ("compute profile", "text"),
    ("data fingerprint", "text"), ("server", ("optional", SERVER_HELLO)), ("term", "Q"),
    ("product rate", "d"), ("origin", "Q"),
]
INITIALIZERS = {
    0: [], 1: [], 2: [("value", "f")], 3: [("std", "f")], 4: [("std", "f")],
    5: [("fan in", "Q"), ("fan out", "Q")], 6: [("grid side", "Q")],
}
ENTRY = [
    ("name", "text"), ("shape", ("array", "Q")), ("offset", "Q"), ("decays", "bool"),
    ("learning rate scale", "f"), ("initializer", ("tagged", INITIALIZERS)),
]
SLOT = [("name", "text"), ("encoding", "B"), ("rule", "B")]
BLOCK = [("name", "text"), ("is trainable", "bool"), ("entries", ("array", ENTRY)), ("slots", ("array", SLOT))]
OPTIMIZERS = {
    0: [("beta1", "d"), ("beta2", "d"), ("epsilon", "d")],
    1: [("momentum", "d"), ("is nesterov", "bool")],
}
AVERAGE = [("decay", "d"), ("warms up", "bool")]
OPTIMIZER = [
    ("rule", ("tagged", OPTIMIZERS)), ("weight decay", "d"), ("average", ("optional", AVERAGE)), ("seed", "Q"),
]
REASON = [("reason", "text")]
LOST_SAMPLE = [
    ("slot", "Q"), ("index", "Q"), ("shard", "text"), ("member", "text"), ("offset", "Q"), ("reason", "text"),
]
MESSAGES = {
    1: ("hello", HELLO),
    2: ("welcome", [("term", "Q"), ("plan", "bytes"), ("run", "text")]),
    3: ("refused", REASON + [("may try again", "bool")]),
    4: ("heartbeat", []),
    16: ("configure", [
        ("term", "Q"), ("run", "text"), ("stage", "I"), ("table", ("array", BLOCK)), ("units", "I"),
        ("optimizer", ("optional", OPTIMIZER)), ("gather encoding", "B"), ("keeps state", "bool"),
        ("keeps step", "bool"),
        ("shared rows", [("units", "I"), ("piece bytes", "I"), ("pieces min", "I"), ("pieces max", "I")]),
        ("lease key", CODE), ("ring key", CODE), ("own key", CODE), ("request", "Q"),
    ]),
    17: ("restore", REQUEST + SLICE),
    18: ("restoreDone", REQUEST + STAGE_STEP),
    19: ("restored", REPLY + STAGE_STEP),
    20: ("reduced", REPLY + STAGE_STEP + [("squares", ("array", "d")), ("pushed", "Q"), ("gathered", "Q")]),
    21: ("commit", [("term", "Q")] + STAGE_STEP + [("learning rate", "d"), ("clip scale", "d")]),
    22: ("applied", REPLY + STAGE_STEP),
    23: ("snapshot", REQUEST + SLICE),
    24: ("snapshotSlice", REPLY + SLICE),
    25: ("bulk", [("origin", "Q")]),
    26: ("restoreRequest", REPLY + [("received", "I")]),
    27: ("freeze", REQUEST + STAGE_STEP),
    28: ("sliceKept", REQUEST + SLICE),
    29: ("thaw", REQUEST),
    32: ("roster", [("servers", ("array", [("shard", SHARD), ("host", "text"), ("port", "H")]))]),
    33: ("leaseRequest", [("shares", "bytes")]),
    34: ("leases", [("leases", ("array", [("id", "Q"), ("term", "Q")] + STAGE_STEP + [
        ("phase", "I"), ("unit", "I"), ("milliseconds", "I"),
        ("excluded", ("array", "Q")), ("grant", GRANT),
    ]))]),
    35: ("unitDone", [("lease", "Q")] + STAGE_STEP + [
        ("phase", "I"), ("unit", "I"), ("loss", "d"), ("skipped", ("array", "text")), ("result", "bytes"),
        ("compute seconds", "d"), ("wait seconds", "d"), ("is finite", "bool"), ("level", "B"), ("receipt", CODE),
    ]),
    36: ("unitFailed", [("lease", "Q")] + REASON + [("sample", ("optional", LOST_SAMPLE))]),
    37: ("shutdown", [("is finished", "bool")] + REASON),
    48: ("gather", REQUEST + STAGE_STEP + [("block", "I")]),
    49: ("gathered", REPLY + STAGE_STEP + [("block", "I"), ("encoding", "B")]),
    50: ("unavailable", REPLY + REASON),
    51: ("push", UNIT + [("level", "B"), ("block", "I"), ("encoding", "B"), ("grant", GRANT)]),
    52: ("flush", REQUEST + UNIT + [("level", "B"), ("grant", GRANT)]),
    53: ("flushed", REPLY + [("is finite", "bool"), ("receipt", CODE)]),
    54: ("shareRows", UNIT + [("grant", GRANT)]),
    55: ("gatherRows", REQUEST + STAGE_STEP),
    56: ("sharedRows", REPLY + UNIT),
    57: ("linkRequest", [("origin", "Q")]),
    58: ("linkState", REPLY + [("is open", "bool"), ("is held up", "bool"), ("received", "Q"), ("sent", "Q")]),
    64: ("statusRequest", []),
    65: ("status", [("json", "bytes")]),
}
KINDS = {name: kind for kind, (name, _) in MESSAGES.items()}
VIEWER = 4


def crc32c(data):
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


class Body:
    """Takes fields from a body, never past its end."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def take(self, count):
        if count > len(self.data) - self.position:
            raise ValueError(f"the body ends early: {count} bytes needed")
        self.position += count
        return self.data[self.position - count:self.position]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]


def decode(body, kind):
    if isinstance(kind, list):
        return {field: decode(body, inner) for field, inner in kind}
    if kind in ("bytes", "text"):
        data = body.take(body.number("I"))
        return data.decode("utf-8") if kind == "text" else data
    if kind == "bool":
        flag = body.number("B")
        if flag > 1:
            raise ValueError(f"a flag is {flag}")
        return bool(flag)
    if kind[0] == "tagged":
        tag = body.number("B")
        return {"tag": tag, **decode(body, kind[1][tag])}
    if kind[0] == "array":
        return [decode(body, kind[1]) for _ in range(body.number("I"))]
    if kind[0] == "optional":
        return decode(body, kind[1]) if decode(body, "bool") else None
    return body.number(kind)


def encode(value, kind):
    if isinstance(kind, list):
        return b"".join(encode(value[field], inner) for field, inner in kind)
    if kind in ("bytes", "text"):
        data = value.encode("utf-8") if kind == "text" else value
        return struct.pack("<I", len(data)) + data
    if kind == "bool":
        return bytes([value])
    if kind[0] == "tagged":
        return bytes([value["tag"]]) + encode(value, kind[1][value["tag"]])
    if kind[0] == "array":
        return struct.pack("<I", len(value)) + b"".join(encode(element, kind[1]) for element in value)
    if kind[0] == "optional":
        return b"\0" if value is None else b"\1" + encode(value, kind[1])
    return struct.pack("<" + kind, value)


def make_frame(name, fields=None, payload=b""):
    kind = KINDS[name]
    body = encode(fields or {}, MESSAGES[kind][1])
    header = HEADER.pack(MAGIC, VERSION, kind, 0, len(body), len(payload))
    return header + struct.pack("<I", crc32c(header)) + body + payload


def read_frame(read):
    """`read(count)` gives exactly that many bytes. Returns the message's name, its fields and the payload."""
    start = read(HEADER.size + 4)
    magic, version, kind, flags, body_count, payload_count = HEADER.unpack(start[:HEADER.size])
    if magic != MAGIC or version != VERSION or flags != 0:
        raise ValueError(f"not a frame of protocol version {VERSION}")
    if struct.unpack("<I", start[HEADER.size:])[0] != crc32c(start[:HEADER.size]):
        raise ValueError("the header is damaged")
    name, fields = MESSAGES[kind]
    body = Body(read(body_count))
    message = decode(body, fields)
    if body.position != body_count:
        raise ValueError(f"{name} has bytes after its last field")
    return name, message, read(payload_count)


class Connection:
    """A TLS 1.3 connection to a coordinator, with the certificates of a role."""

    def __init__(self, host, port, folder, role, timeout_seconds=10):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # the certificate names a cluster and a role, not a host
        context.load_verify_locations(f"{folder}/ca.pem")
        # The certificate of the role's name, or the only other one of a folder that was made for one machine.
        found = [path for path in sorted(pathlib.Path(folder).glob("*.pem")) if path.name != "ca.pem"]
        own = [path for path in found if path.stem == role] or found
        if len(own) != 1:
            raise ValueError(f"{folder} holds {len(own)} certificates and none is {role}.pem")
        context.load_cert_chain(own[0], own[0].with_suffix(".key"))
        plain = socket.create_connection((host, port), timeout_seconds)
        self.tls = context.wrap_socket(plain)
        subject = dict(pair for group in self.tls.getpeercert()["subject"] for pair in group)
        if subject["organizationalUnitName"] != "coordinator":
            raise ValueError(f"{host}:{port} is a {subject['organizationalUnitName']}, not a coordinator")

    def send(self, name, fields=None):
        self.tls.sendall(make_frame(name, fields))

    def receive(self, awaited):
        """The fields of the next message of this name; others are skipped."""
        while True:
            name, fields, _ = read_frame(self.read)
            if name == awaited:
                return fields
            if name in ("refused", "shutdown"):
                raise ValueError(f"{name}: {fields['reason']}")

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.tls.recv(count - len(data))
            if not piece:
                raise ValueError("the coordinator closed the connection")
            data += piece
        return data


def print_status(address, folder):
    host, port = address.rsplit(":", 1)
    connection = Connection(host.strip("[]"), int(port), folder, "viewer")
    connection.send("hello", {
        "protocol version": VERSION, "role": VIEWER, "name": "viewer-python", "compute profile": "",
        "data fingerprint": "", "server": None, "term": 0, "product rate": 0.0, "origin": 0,
    })
    connection.receive("welcome")
    connection.send("statusRequest")
    status = json.loads(connection.receive("status")["json"])
    print(json.dumps(status, indent=2))


def check_golden():
    vectors = json.loads((GOLDEN / "frames.json").read_text())
    for vector in vectors:
        frame = bytes.fromhex(vector["frame"])
        body = Body(frame)
        name, fields, payload = read_frame(body.take)
        if name != vector["kind"] or make_frame(name, fields, payload) != frame or body.position != len(frame):
            raise ValueError(f"{vector['name']} differs")
    missing = set(KINDS) - {vector["kind"] for vector in vectors}
    if missing:
        raise ValueError(f"no golden frame for {sorted(missing)}")
    print(f"{len(vectors)} golden frames agree")


def main(arguments):
    if arguments == ["--check-golden"]:
        check_golden()
    elif len(arguments) == 2:
        print_status(*arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.exit(f"client.py: {error}")
