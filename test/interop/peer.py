"""A version 1 peer, written in another language from docs/PROTOCOL.md alone.

It reads one JSON request a line from stdin, {"op": ..., arguments}, and answers each with a line on stdout, {"ok": ...} or
{"error": ...}. In the JSON, {"$float": "5.0"} is a float (1.0 and 1 have different bytes), {"$bytes": "..."} is bytes in
base64, {"$int": "..."} is an int that JSON cannot carry, {"$map": [[key, value], ...]} is a map in this order.
"""

import hmac
import json
import math
import os
import struct
import sys
import unicodedata
import uuid
import zlib
from base64 import b64decode, b64encode

import msgpack
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

# -- Section 7: the fields of each type in their order; a star marks those that wire 1 writes as nil if absent. -----------

FIELDS = {
    "auth": "username password device_id*",
    "auth_response": "success access_token* refresh_token* user_id* username* expires_in* error* session_key",
    "message": "chat_id sender_id content nonce timestamp message_id* client_id seq epoch counter device content_type stored_at follows",
    "status": "event_type user_id chat_id* timestamp seq",
    "error": "error_code error_message details* timestamp",
    "chat_list": "chats total page",
    "chats": "chat_id peer_id peer_name encryption_type auto_delete_hours salt iterations key_check last_seq unread expired_until auto_delete_change request is_blocked suite epoch members",
    "message_list": "messages total has_more chat_id after through",
    "hello": "nonce wires capabilities device_id",
    "welcome": "nonce hello_nonce wire capabilities limits heartbeat reconnect_within",
    "ack": "client_id chat_id message_id seq stored_at",
    "resume": "chat_id after limit",
    "heartbeat": "sent_at sent received",
    "devices": "user_id last_seq",
}


def payload_of(kind, fields, wire, is_inside_list=False):
    """Returns the payload of a message with these fields (W1-2, W1-3, W2-4)."""
    payload = {}
    for name in FIELDS[kind].split():
        nil, name = name.endswith("*"), name.rstrip("*")
        if name in fields:
            value = fields[name]
            if kind == "chat_list" and name == "chats":
                value = [payload_of("chats", chat, wire) for chat in value]
            if kind == "message_list" and name == "messages":
                value = [payload_of("message", message, wire, is_inside_list=True) for message in value]
            payload[name] = on_wire(value, wire, name)
        elif nil and wire == 1 and not is_inside_list:
            payload[name] = None
    return payload


def on_wire(value, wire, key=None):
    """Returns a value as a wire has it: bytes are base64 on wire 1, a number under `timestamp` is a float (M-3)."""
    if isinstance(value, bytes) and wire == 1:
        return b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {name: on_wire(inner, wire, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [on_wire(inner, wire) for inner in value]
    if key == "timestamp" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


# -- Section 3: wire 1 ----------------------------------------------------------------------------------------------------


def secret_bytes(secret):
    return secret if isinstance(secret, bytes) else secret.encode("utf-8")


def sign(secret, kind, payload, timestamp, **options):
    covered = msgpack.packb({"type": kind, "payload": payload, "timestamp": timestamp}, **options)
    return covered, hmac.new(secret_bytes(secret), covered, "sha256").hexdigest()


ORDER = ("type", "payload", "timestamp", "signature")


def make(secret, type, payload, timestamp, order=ORDER, **options):
    """Returns a signed frame of exactly these values: an integral timestamp stays an int, the keys are in this order."""
    covered, signature = sign(secret, type, payload, timestamp, **options)
    entries = {"type": type, "payload": payload, "timestamp": timestamp, "signature": signature}
    frame = msgpack.packb({key: entries[key] for key in order}, **options)
    return {"frame": frame.hex(), "covered": covered.hex()}


def make_message(secret, type, fields, timestamp):
    return make(secret, type, payload_of(type, fields, wire=1), float(timestamp))


def check(secret, frame):
    """Verifies a frame as version 1 does: decodes it, encodes the first three entries again, and compares the tags."""
    entries = msgpack.unpackb(bytes.fromhex(frame), raw=False, strict_map_key=True)
    _, signature = sign(secret, entries["type"], entries["payload"], entries["timestamp"])
    return {"verified": hmac.compare_digest(signature, entries["signature"]), **entries}


# -- Section 4: wire 2 ----------------------------------------------------------------------------------------------------


def wire2_make(key, key_id, id, timestamp, type, payload):
    fields = [2, key_id, id, float(timestamp), type, msgpack.packb(payload)]
    covered = b"\x97" + msgpack.packb(fields)[1:]
    mac = hmac.digest(key, covered, "sha256")
    return {"frame": (covered + msgpack.packb(mac)).hex()}


def wire2_make_message(key, key_id, id, timestamp, type, fields):
    return wire2_make(key, key_id, id, timestamp, type, payload_of(type, fields, wire=2))


def wire2_check(key, frame):
    received = bytes.fromhex(frame)
    fields = msgpack.unpackb(received, raw=False, strict_map_key=True)
    version, key_id, id, timestamp, kind, payload, mac = fields
    has_forms = version == 2 and len(id) == 16 and len(mac) == 32 and isinstance(timestamp, float)
    is_canonical = has_forms and math.isfinite(timestamp) and msgpack.packb(fields) == received  # W2-2
    verified = is_canonical and hmac.compare_digest(hmac.digest(key, received[:-34], "sha256"), mac)
    opened = msgpack.unpackb(payload, raw=False, strict_map_key=True) if verified else None  # W2-5
    return {"verified": verified, "key_id": key_id, "id": id, "timestamp": timestamp, "type": kind, "payload": opened}


# -- Section 5 and 8: keys ------------------------------------------------------------------------------------------------


def hkdf(secret, info, salt=None, length=32):
    info = info if isinstance(info, bytes) else info.encode("utf-8")
    return HKDF(SHA256(), length, salt, info).derive(secret_bytes(secret))


# The code points with the property White_Space. `str.strip` without them also removes U+001C to U+001F.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def derive_chat_key(passphrase, salt, iterations):
    normal = unicodedata.normalize("NFC", passphrase.strip(WHITE_SPACE)).encode("utf-8")
    key = PBKDF2HMAC(SHA256(), 32, salt, iterations).derive(normal)
    return {"key": key, "check": hkdf(key, "lacre/e2e/check", length=16)}


# -- Section 8: a message -------------------------------------------------------------------------------------------------


class DecryptError(Exception):
    pass


def padded_length(n):
    length = max(n, 128)
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def aad_of(message):
    milliseconds = math.floor(message["timestamp"] * 1000 + 0.5)
    client_id = message.get("client_id")
    numbers = struct.pack(">QQQ", message["chat_id"], message["sender_id"], milliseconds)
    return b"lacre/e2e/1" + numbers + (uuid.UUID(client_id).bytes if client_id else bytes(16))


def encrypt(key, content, chat_id, sender_id, timestamp, client_id=None, nonce=None, deflate=False, mistake=None):
    """Returns the fields of an encrypted `message`. With a mistake, every reader must reject it."""
    message = {"chat_id": chat_id, "sender_id": sender_id, "timestamp": math.floor(timestamp * 1000 + 0.5) / 1000}
    if client_id is not None:
        message["client_id"] = client_id
    body = content if isinstance(content, bytes) else msgpack.packb(content)
    if deflate:
        deflater = zlib.compressobj(wbits=-15)
        body = deflater.compress(body) + deflater.flush()
    if mistake == "garbage after deflate":
        body += b"garbage"
    if mistake == "deflate cut short":
        body = body[:-1]
    flags = int(deflate) | (2 if mistake == "unknown flag" else 0)
    head = struct.pack(">BI", flags, len(body) + (1 if mistake == "wrong length" else 0))
    plaintext = (head + body).ljust(padded_length(5 + len(body)), b"\0")
    if mistake == "padding not zero":
        plaintext = plaintext[:-1] + b"\1"
    if mistake == "padding too long":
        plaintext += bytes(16)
    if mistake == "padding too short":
        plaintext = plaintext[:-1]
    nonce = nonce or os.urandom(12)
    aad = aad_of(message)
    message["content"] = AESGCM(key).encrypt(nonce, plaintext, aad)
    message["nonce"] = nonce
    return {"message": message, "aad": aad.hex(), "body": body.hex()}


def canonical_bytes(text):
    """Decodes base64 in its canonical form (C-2)."""
    decoded = b64decode(text, validate=True)
    if b64encode(decoded).decode("ascii") != text:
        raise ValueError("not canonical base64")
    return decoded


def decrypt(key, payload):
    """Decrypts a `message` that was received on wire 1, and returns its content."""
    if any(payload.get(field) is not None for field in ("epoch", "counter", "device")):  # E-7
        raise DecryptError("not of this version")
    content, nonce = canonical_bytes(payload["content"]), canonical_bytes(payload["nonce"])
    plaintext = AESGCM(key).decrypt(nonce, content, aad_of(payload))
    flags, length = struct.unpack(">BI", plaintext[:5])
    body, padding = plaintext[5 : 5 + length], plaintext[5 + length :]
    if flags > 1 or len(body) != length or len(plaintext) != padded_length(5 + length) or any(padding):
        raise DecryptError("E-8")
    if flags == 1:
        inflater = zlib.decompressobj(wbits=-15)
        body = inflater.decompress(body, 1_048_576)
        if not inflater.eof or inflater.unused_data:
            raise DecryptError("E-9")
    return {"content": msgpack.unpackb(body, raw=False, strict_map_key=True), "deflated": flags == 1}


# -- Requests and answers -------------------------------------------------------------------------------------------------


def from_json(value):
    if isinstance(value, list):
        return [from_json(inner) for inner in value]
    if isinstance(value, dict):
        if list(value) == ["$float"]:
            return float(value["$float"])
        if list(value) == ["$bytes"]:
            return b64decode(value["$bytes"], validate=True)
        if list(value) == ["$int"]:
            return int(value["$int"])
        if list(value) == ["$map"]:
            return {key: from_json(inner) for key, inner in value["$map"]}
        return {key: from_json(inner) for key, inner in value.items()}
    return value


def to_json(value):
    if isinstance(value, (list, tuple)):
        return [to_json(inner) for inner in value]
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": b64encode(value).decode("ascii")}
    return value


OPERATIONS = [make, make_message, check, wire2_make, wire2_make_message, wire2_check]
OPERATIONS += [hkdf, derive_chat_key, encrypt, decrypt, padded_length]
BY_NAME = {operation.__name__: operation for operation in OPERATIONS}


def serve():
    for line in sys.stdin.buffer:
        try:
            request = from_json(json.loads(line))
            answer = {"ok": to_json(BY_NAME[request.pop("op")](**request))}
        except Exception as error:  # the answer is the error; the peer continues
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
