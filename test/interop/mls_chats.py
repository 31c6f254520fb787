"""Section 14 of docs/PROTOCOL.md: the layouts of MLS chats that are readable without keys."""

import math
import uuid

from devices import MAX_SAFE, credential, device_id, named_logs, number
from rejection import RejectionError

def message_aad_is(vector):
    time = math.floor(vector["timestamp"] * 1000 + 0.5)
    numbers = b"".join(value.to_bytes(8, "big") for value in (vector["chat_id"], vector["sender_id"], time))
    aad = b"lacre/e2e/2\0" + numbers + uuid.UUID(vector["client_id"]).bytes
    return aad.hex() == vector["bytes"]


class Fields:
    """Reads the encoding of RFC 9420 (section 2.1)."""

    def __init__(self, data):
        self.rest = data

    def require(self, holds):
        if not holds:
            raise RejectionError("MALFORMED")

    def take(self, size):
        self.require(len(self.rest) >= size)
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def number(self, size):
        return number(self.take(size))

    def vector(self):
        self.require(self.rest and self.rest[0] >> 6 < 3)
        size = 1 << (self.rest[0] >> 6)
        length = self.number(size) & ((1 << (8 * size - 2)) - 1)
        self.require(size == 1 or length >= 1 << (4 * size - 2))
        return self.take(length)

    def vectors(self, count):
        return [self.vector() for _ in range(count)]

    def leaf(self, source):
        self.vector()
        key = self.vector()
        self.require(len(key) == 32 and self.number(2) == 1)
        identity = self.vector()
        self.vectors(5)
        self.require(self.number(1) == source)
        if source == 1:
            self.take(16)
        else:
            self.vector()
        self.vectors(2)
        return key, identity


def message_header(vector):
    fields = Fields(bytes.fromhex(vector["bytes"]))
    fields.require(fields.number(2) == 1)
    kind, group, epoch = fields.number(2), fields.vector(), fields.number(8)
    if kind == 2:
        content = fields.number(1)
        fields.vectors(3)
    else:
        fields.require(kind == 1 and fields.number(1) == 4)
        fields.vector()
        content = fields.number(1)
        fields.require(content == 3)
        fields.vector()
        fields.require(fields.number(1) == 1)
        fields.leaf(3)
        fields.vectors(3)
    chat = number(group[:8])
    fields.require(not fields.rest and len(group) == 24 and 1 <= chat <= MAX_SAFE and epoch <= MAX_SAFE)
    fields.require(1 <= content <= 3)
    return {"chat_id": chat, "epoch": epoch, "content_type": ("application", "proposal", "commit")[content - 1]}


def key_package_header(vector):
    fields = Fields(bytes.fromhex(vector["bytes"]))
    fields.require(fields.take(6) == bytes.fromhex("000100050001"))
    suite = fields.number(2)
    fields.vector()
    key, identity = fields.leaf(1)
    fields.vector()
    fields.require(len(fields.vector()) == 64 and not fields.rest and suite in (1, 0xF00D))
    user, device = credential({"bytes": identity.hex()})
    fields.require(device == device_id(key).hex())
    return {"suite": suite, "user_id": user, "device": device, "public_key": key.hex()}


def says(read):
    """Returns a check that a vector has what `read` returns."""
    return lambda vector: all(vector[name] == value for name, value in read(vector).items())


def named_logs_of(vector):
    return {"logs": named_logs(bytes.fromhex(vector["bytes"]))}


CHECKS = {
    "message_aads": message_aad_is,
    "named_logs": {"valid": says(named_logs_of), "invalid": named_logs_of},
    "message_headers": {"valid": says(message_header), "invalid": message_header},
    "key_package_headers": {"valid": says(key_package_header), "invalid": key_package_header},
}
