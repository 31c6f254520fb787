"""A second strict reader, written in another language from docs/PROTOCOL.md alone.

It checks every case of vectors/*.json, and prints as JSON the number of cases and those with a result that differs from the file's.
"""

import hashlib
import hmac
import json
import math
import re
import struct
import sys
import unicodedata
import uuid
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import devices
import mls_chats
import peer
from rejection import RejectionError

# -- The notation of the vectors (vectors/README.md) ------------------------------------------------------------------------


def octets(notated):
    if isinstance(notated, str):
        return bytes.fromhex(notated)
    return b"".join(bytes.fromhex(part) * times for part, times in notated)


def value_of(notated):
    if isinstance(notated, list):
        return [value_of(inner) for inner in notated]
    if isinstance(notated, dict):
        if list(notated) == ["$hex"]:
            return octets(notated["$hex"])
        if list(notated) == ["$float"]:
            return float(notated["$float"])
        if list(notated) == ["$utf16"]:
            return bytes.fromhex(notated["$utf16"]).decode("utf-16-be", "surrogatepass")
        return {name: value_of(inner) for name, inner in notated.items()}
    return notated


# -- Section 2: MessagePack and its bounds ----------------------------------------------------------------------------------

MAX_SAFE = 2**53 - 1
FORBIDDEN = {"__proto__", "constructor", "prototype"}


class Reader:
    """Reads one value that fills its bytes, and counts its containers and elements."""

    def __init__(self, data, nesting=0, elements=0):
        self.data, self.at, self.nesting, self.elements = data, 0, nesting, elements

    def whole(self):
        value = self.value()
        if self.at != len(self.data):
            raise RejectionError("MALFORMED")
        return value

    def take(self, length):
        if length > len(self.data) - self.at:
            raise RejectionError("MALFORMED")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def value(self, key=None):
        head = self.number("B")
        if head <= 0x7F:
            return head
        if head >= 0xE0:
            return head - 256
        if head <= 0x8F:
            return self.map(head & 15)
        if head <= 0x9F:
            return self.array(head & 15)
        if head <= 0xBF:
            return self.text(head & 31)
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        if head in (0xC4, 0xC5, 0xC6):
            return bytes(self.take(self.number("BHI"[head - 0xC4])))
        if head in (0xCA, 0xCB):
            number = self.number("fd"[head - 0xCA])
            if key == "timestamp" and not math.isfinite(number):
                raise RejectionError("MALFORMED")
            return number
        if 0xCC <= head <= 0xCF or 0xD0 <= head <= 0xD3:
            number = self.number("BHIQ"[head - 0xCC] if head <= 0xCF else "bhiq"[head - 0xD0])
            if abs(number) > MAX_SAFE:
                raise RejectionError("BOUND_EXCEEDED")
            return number
        if 0xD9 <= head <= 0xDB:
            return self.text(self.number("BHI"[head - 0xD9]))
        if head in (0xDC, 0xDD):
            return self.array(self.number("HI"[head - 0xDC]))
        if head in (0xDE, 0xDF):
            return self.map(self.number("HI"[head - 0xDE]))
        raise RejectionError("MALFORMED")

    def text(self, length):
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise RejectionError("MALFORMED") from None

    def enter(self, count, least):
        self.nesting += 1
        self.elements += count
        if self.nesting > 16 or self.elements > 65_536:
            raise RejectionError("BOUND_EXCEEDED")
        if least > len(self.data) - self.at:
            raise RejectionError("MALFORMED")

    def array(self, count):
        self.enter(count, count)
        items = [self.value() for _ in range(count)]
        self.nesting -= 1
        return items

    def map(self, count):
        self.enter(count, 2 * count)
        entries = {}
        for _ in range(count):
            key = self.value()
            if not isinstance(key, str) or key in entries or key in FORBIDDEN:
                raise RejectionError("MALFORMED")
            entries[key] = self.value(key)
        self.nesting -= 1
        return entries


# -- Sections 3 to 6: frames ------------------------------------------------------------------------------------------------


def open_frame(frame, secret, key_id, now):
    """Performs the steps of O-1 in order, and returns the type, the timestamp and the payload."""
    if len(frame) > 1_048_576:
        raise RejectionError("BOUND_EXCEEDED")
    if frame[:1] and 0x82 <= frame[0] <= 0x84:
        return open_wire1(frame, secret, now)
    if frame[:1] == b"\x97":
        return open_wire2(frame, secret, key_id, now)
    raise RejectionError("MALFORMED")


def open_wire1(frame, secret, now):
    reader = Reader(frame)
    count = reader.number("B") & 15
    reader.enter(count, 2 * count)
    raw, entries = {}, {}
    for _ in range(count):
        start = reader.at
        key = reader.value()
        if key not in ("type", "payload", "timestamp", "signature") or key in entries:
            raise RejectionError("MALFORMED")
        entries[key] = reader.value(key)
        raw[key] = frame[start : reader.at]
        if key == "timestamp":
            head = frame[start + 10]
            is_integer = head <= 0x7F or head >= 0xE0 or 0xCC <= head <= 0xD3
            if not is_integer and head != 0xCB:
                raise RejectionError("MALFORMED")
    if reader.at != len(frame):
        raise RejectionError("MALFORMED")
    kind, payload, signature = entries.get("type"), entries.get("payload"), entries.get("signature", "")
    is_sound = isinstance(kind, str) and 1 <= len(kind.encode()) <= 64 and isinstance(payload, dict)
    if not is_sound or not isinstance(signature, str):
        raise RejectionError("MALFORMED")
    if "timestamp" not in entries or not re.fullmatch("[0-9a-f]{64}", signature):
        raise RejectionError("VERIFY")
    covered = b"\x83" + raw["type"] + raw["payload"] + raw["timestamp"]
    if not hmac.compare_digest(hmac.new(peer.secret_bytes(secret), covered, "sha256").hexdigest(), signature):
        raise RejectionError("VERIFY")
    is_fresh(entries["timestamp"], now)
    return kind, entries["timestamp"], payload


def open_wire2(frame, secret, key_id, now):
    at = 0

    def take(length):
        nonlocal at
        if length > len(frame) - at:
            raise RejectionError("MALFORMED")
        at += length
        return frame[at - length : at]

    def field(heads, shortest=0, longest=None):
        """Reads a str or bin with its shortest head. Each head: first and last first byte, size of the length, least length."""
        head = take(1)[0]
        for first, last, size, least in heads:
            if not first <= head <= last:
                continue
            length = int.from_bytes(take(size), "big") if size else head - first
            if length < max(least, shortest) or (longest is not None and length > longest):
                raise RejectionError("MALFORMED")
            return take(length)
        raise RejectionError("MALFORMED")

    STR = [(0xA0, 0xBF, 0, 0), (0xD9, 0xD9, 1, 32)]
    BIN = [(0xC4, 0xC4, 1, 0), (0xC5, 0xC5, 2, 256), (0xC6, 0xC6, 4, 65_536)]

    def text(shortest):
        try:
            return field(STR, shortest, 64).decode("utf-8")
        except UnicodeDecodeError:
            raise RejectionError("MALFORMED") from None

    if take(2) != b"\x97\x02":
        raise RejectionError("MALFORMED")
    named = text(0)
    field(BIN, 16, 16)
    if take(1) != b"\xcb":
        raise RejectionError("MALFORMED")
    timestamp = struct.unpack(">d", take(8))[0]
    if not math.isfinite(timestamp):
        raise RejectionError("MALFORMED")
    kind = text(1)
    payload = field(BIN)
    covered = frame[:at]
    mac = field(BIN, 32, 32)
    if at != len(frame):
        raise RejectionError("MALFORMED")
    expected = hmac.digest(peer.secret_bytes(secret), covered, "sha256")
    if named != key_id or not hmac.compare_digest(expected, mac):
        raise RejectionError("VERIFY")
    is_fresh(timestamp, now)
    decoded = Reader(payload, nesting=1, elements=4).whole()
    if not isinstance(decoded, dict):
        raise RejectionError("MALFORMED")
    return kind, timestamp, decoded


def is_fresh(timestamp, now, max_age=300, clock_tolerance=60):
    if now - timestamp > max_age + clock_tolerance:
        raise RejectionError("EXPIRED")
    if now - timestamp < -clock_tolerance:
        raise RejectionError("FROM_FUTURE")


# -- Section 7: messages ----------------------------------------------------------------------------------------------------


def number(least, most=MAX_SAFE, is_integer=True):
    def read(value):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not least <= value <= most or (is_integer and value != int(value)):
            raise RejectionError("VALIDATION")
        return value

    return read


def text(least, most, is_so=lambda value: True, prepare=lambda value: value):
    def read(value):
        if not isinstance(value, str):
            raise RejectionError("VALIDATION")
        value = prepare(value)
        if not least <= len(value) <= most or not is_so(value):
            raise RejectionError("VALIDATION")
        return value

    return read


def byte_string(least, most):
    def read(value):
        if isinstance(value, str):
            try:
                decoded = b64decode(value, validate=True)
            except ValueError:
                raise RejectionError("VALIDATION") from None
            if b64encode(decoded).decode() != value:
                raise RejectionError("VALIDATION")
            value = decoded
        if not isinstance(value, bytes) or not least <= len(value) <= most:
            raise RejectionError("VALIDATION")
        return value

    return read


def any_of(*values):
    def read(value):
        if isinstance(value, (dict, list)) or value not in values or isinstance(value, bool) != isinstance(values[0], bool):
            raise RejectionError("VALIDATION")
        return value

    return read


def array(item, least=0, most=math.inf):
    def read(value):
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise RejectionError("VALIDATION")
        return [within(at, item, inner) for at, inner in enumerate(value)]

    return read


def mapping(item):
    def read(value):
        if not isinstance(value, dict):
            raise RejectionError("VALIDATION")
        return {name: within(name, item, inner) for name, inner in value.items()}

    return read


def fields(**readers):
    """Returns a reader of a map of these fields. The names of optional fields end with an underscore."""

    def read(value):
        if not isinstance(value, dict):
            raise RejectionError("VALIDATION")
        found = {}
        for name, reader in readers.items():
            optional, name = name.endswith("_"), name.removesuffix("_")
            if optional and value.get(name) is None:
                continue
            found[name] = within(name, reader, value.get(name))
        return found

    return read


def within(step, reader, value):
    try:
        return reader(value)
    except RejectionError as rejected:
        rejected.path.insert(0, step)
        raise


def prepare_username(value):
    narrow = re.sub("[\u3000\uff01-\uffee]", lambda wide: unicodedata.normalize("NFKC", wide[0]), value)
    return unicodedata.normalize("NFC", narrow)


def is_username(value):
    """N-3: at most six marks follow a letter; a middle dot follows l."""
    kinds = "".join("M" if unicodedata.category(one) in ("Mn", "Mc") else unicodedata.category(one)[0] for one in value)
    shape = "".join(kind if kind in "LNM" else one for kind, one in zip(kinds, value))
    dotted = "".join("l" if one in "lL" else kind for kind, one in zip(shape, value))
    return re.fullmatch("(?:l·|[Ll]M{0,6}|[N_-])+", dotted) and re.search("[LN]", shape)


def is_client_id(value):
    return re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) and uuid.UUID(value).int != 0


ID, COUNT, TIME = number(1), number(0), number(0, 100_000_000_000, is_integer=False)
FLAG, FINITE, NONCE = any_of(True, False), number(-math.inf, math.inf, is_integer=False), byte_string(16, 16)
CLIENT_ID = text(36, 36, is_client_id)
CAPABILITIES = array(text(1, 64))
DETAILS = mapping(lambda value: value)
MESSAGE = fields(
    chat_id=ID, sender_id=ID, content=byte_string(0, 720_000), nonce=byte_string(12, 12), timestamp=TIME,
    message_id_=ID, client_id_=CLIENT_ID, seq_=ID, epoch_=COUNT, counter_=COUNT, device_=text(1, 100),
    content_type_=any_of("proposal", "commit"),
    stored_at_=TIME, follows_=CLIENT_ID,
)  # fmt: skip
CHAT = fields(
    chat_id=ID, peer_id=ID, peer_name=text(1, 50), encryption_type=text(1, 50), auto_delete_hours_=ID,
    salt_=byte_string(16, 64), iterations_=number(100_000, 2_000_000), key_check_=byte_string(16, 16),
    last_seq=COUNT, unread=COUNT, expired_until_=TIME,
    auto_delete_change_=fields(user_id=ID, changed_at=TIME, after=COUNT),
    request_=any_of("incoming", "outgoing"), is_blocked_=FLAG,
    suite_=number(1, 65_535), epoch_=COUNT,
    members_=array(
        fields(user_id=ID, username=text(1, 50), role=any_of("admin", "member", "invited")), most=64
    ),
)  # fmt: skip
DURATION = number(5e-324, math.inf, is_integer=False)
EVENTS = any_of("typing", "read", "user_online", "user_offline", "delivered", "chat_changed")
MESSAGES = {
    "auth": fields(username=text(3, 50, is_username, prepare_username), password=text(6, 1024), device_id_=text(1, 100)),
    "auth_response": fields(
        success=FLAG, access_token_=text(1, 8192), refresh_token_=text(1, 8192), user_id_=ID,
        username_=text(1, 50), expires_in_=COUNT, error_=text(0, 1000), session_key_=byte_string(32, 32),
    ),
    "message": MESSAGE,
    "status": fields(event_type=EVENTS, user_id=ID, chat_id_=ID, timestamp=TIME, seq_=COUNT),
    "error": fields(error_code=text(1, 64), error_message=text(0, 1000), details_=DETAILS, timestamp=TIME),
    "chat_list": fields(chats=array(CHAT), total=COUNT, page=ID),
    "message_list": fields(
        messages=array(MESSAGE), total_=COUNT, has_more=FLAG, chat_id_=ID, after_=COUNT, through_=COUNT
    ),
    "hello": fields(nonce=NONCE, wires=array(ID, 1), capabilities=CAPABILITIES, device_id_=text(1, 100)),
    "welcome": fields(
        nonce=NONCE, hello_nonce=NONCE, wire=ID, capabilities=CAPABILITIES, limits=mapping(FINITE),
        heartbeat=DURATION, reconnect_within_=DURATION,
    ),
    "ack": fields(client_id=CLIENT_ID, chat_id=ID, message_id=ID, seq=ID, stored_at=TIME),
    "resume": fields(chat_id=ID, after=COUNT, limit=ID),
    "heartbeat": fields(sent_at=TIME, sent_=COUNT, received_=COUNT),
    "devices": fields(user_id=ID, last_seq=ID),
}  # fmt: skip


def read_message(kind, timestamp, payload):
    """Reads a payload. The frame's timestamp replaces an absent one of these types, but not inside a message_list."""
    if kind in ("message", "status", "error") and payload.get("timestamp") is None:
        payload = payload | {"timestamp": timestamp}
    return MESSAGES[kind](payload)


# -- Sections 5 and 8: keys, and the end-to-end layer -----------------------------------------------------------------------


def checked_secret(secret):
    try:
        data = peer.secret_bytes(secret)
    except UnicodeEncodeError:
        raise RejectionError("KEY") from None
    if not any(data):
        raise RejectionError("KEY")
    return data


def derived_key(secret, label, salt):
    data = checked_secret(secret)
    if label is None:
        return data
    if not re.fullmatch("[a-z0-9-]{1,32}", label):
        raise RejectionError("KEY")
    return peer.hkdf(data, f"lacre/{label}", salt)


def tag(key):
    return hmac.new(key, bytes(range(4)), "sha256").hexdigest()


def chat_key(passphrase, salt, iterations, key_check=None):
    is_whole = isinstance(iterations, int) and 100_000 <= iterations <= 2_000_000
    is_text = passphrase.strip(peer.WHITE_SPACE) != "" and not re.search("[\ud800-\udfff]", passphrase)
    if not is_text or not is_whole or not 16 <= len(salt) <= 64:
        raise RejectionError("KEY")
    derived = peer.derive_chat_key(passphrase, salt, iterations)
    if key_check is not None and not hmac.compare_digest(derived["check"], key_check):
        raise RejectionError("WRONG_PASSPHRASE")
    return derived


NO_KINDS = MappingProxyType({})


def decrypt(key, message, kinds=NO_KINDS):
    """Returns the steps of section 8: aad, plaintext, body, whether it is deflated, content."""
    if any(name in message for name in ("epoch", "counter", "device")):
        raise RejectionError("DECRYPT")
    aad = peer.aad_of(message)
    try:
        plaintext = AESGCM(key).decrypt(message["nonce"], message["content"], aad)
    except (InvalidTag, ValueError):
        raise RejectionError("DECRYPT") from None
    if len(plaintext) < 128:
        raise RejectionError("DECRYPT")
    flags, length = struct.unpack(">BI", plaintext[:5])
    body, padding = plaintext[5 : 5 + length], plaintext[5 + length :]
    if flags > 1 or len(body) != length or peer.padded_length(5 + length) != len(plaintext) or any(padding):
        raise RejectionError("DECRYPT")
    if flags == 1:
        body = inflated(body)
    if len(body) > 131_072:
        raise RejectionError("DECRYPT")
    try:
        content = Reader(body, nesting=1, elements=4).whole()
    except RejectionError:
        raise RejectionError("DECRYPT") from None
    return aad, plaintext, body, flags == 1, read_content(content, kinds)


def inflated(body):
    inflater = zlib.decompressobj(wbits=-15)
    try:
        whole = inflater.decompress(body, 1_048_577)
    except zlib.error:
        raise RejectionError("DECRYPT") from None
    if len(whole) > 1_048_576 or not inflater.eof or inflater.unused_data:
        raise RejectionError("DECRYPT")
    return whole


def decrypt_bytes(key, aad, nonce, content):
    """Decrypts other bytes: E-12."""
    if aad.startswith(b"lacre/"):
        raise RejectionError("VALIDATION")
    try:
        return AESGCM(key).decrypt(nonce, content, aad)
    except InvalidTag:
        raise RejectionError("DECRYPT") from None


def kept_check(key, encrypted):
    """Decrypts a check that is stored with its key: E-13."""
    try:
        return AESGCM(key).decrypt(encrypted[:12], encrypted[12:], b"lacre/e2e/kept-check")
    except InvalidTag:
        raise RejectionError("WRONG_PASSPHRASE") from None


def read_content(content, kinds):
    if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
        raise RejectionError("DECRYPT")
    if content["kind"] in kinds:
        try:
            return {"kind": content["kind"]} | kinds[content["kind"]](content)
        except RejectionError:
            raise RejectionError("DECRYPT") from None
    if content["kind"] != "text":
        fallback = content.get("fallback")
        return {"kind": "unknown", "fallback": fallback if isinstance(fallback, str) else ""}
    reply_to = content.get("reply_to")
    is_answer = isinstance(reply_to, str) and is_client_id(reply_to)
    if not isinstance(content.get("text"), str) or (reply_to is not None and not is_answer):
        raise RejectionError("DECRYPT")
    return {"kind": "text", "text": content["text"]} | ({"reply_to": reply_to} if is_answer else {})


# -- Section 11: handshakes -------------------------------------------------------------------------------------------------


def open_handshake_frame(frame, session_key, direction, kind):
    """Opens a hello or a welcome: S-1 and S-2."""
    if not frame or not 0x82 <= frame[0] <= 0x84:
        raise RejectionError("VERIFY")
    is_any_time = struct.unpack(">d", frame_timestamp(frame))[0]
    found, timestamp, payload = open_wire1(frame, derived_key(session_key, direction, None), is_any_time)
    if found != kind:
        raise RejectionError("VALIDATION", ["type"])
    return timestamp, MESSAGES[kind](payload)


def frame_timestamp(frame):
    at = frame.index(b"\xa9timestamp\xcb") + 11
    return frame[at : at + 8]


def agree(session_key, hello, welcome):
    _, offer = open_handshake_frame(hello, session_key, "client", "hello")
    timestamp, answer = open_handshake_frame(welcome, session_key, "server", "welcome")
    is_answer = hmac.compare_digest(answer["hello_nonce"], offer["nonce"])
    if not is_answer or answer["wire"] not in offer["wires"] or not 0 <= timestamp < 50_000_000_000:
        raise RejectionError("VALIDATION")
    salt = offer["nonce"] + answer["nonce"]
    tags = {end: tag(derived_key(session_key, end, salt)) for end in ("client", "server")}
    return answer["wire"], tags


# -- Section 12: frames over HTTP ------------------------------------------------------------------------------------------


def open_http(frame, session_key, direction):
    """Opens a request or an answer, and returns its tag, type and payload."""
    secret = derived_key(session_key, f"http-{direction}", None)
    found, _, payload = open_frame(frame, secret, "", 1_700_000_000)
    mac = frame[-32:] if frame[0] == 0x97 else bytes.fromhex(frame[-64:].decode())
    return mac, found, payload


def open_answer(frame, session_key, tag):
    _, found, payload = open_http(frame, session_key, "server")
    named = payload.get("request")
    if isinstance(named, str):
        named = b64decode(named, validate=True)
    if not isinstance(named, bytes) or not hmac.compare_digest(named, tag):
        raise RejectionError("VERIFY")
    return found


def http_answer_is(vector):
    key, answer = bytes.fromhex(vector["session_key"]), bytes.fromhex(vector["answer"])
    if vector["request"] is not None:
        mac, kind, payload = open_http(bytes.fromhex(vector["request"]), key, "client")
        MESSAGES[kind](payload)
        if mac.hex() != vector["tag"]:
            return False
    wire = 2 if answer[0] == 0x97 else 1
    return (open_answer(answer, key, bytes.fromhex(vector["tag"])), wire) == (vector["type"], vector["wire"])


def http_frame(vector):
    key, frame = bytes.fromhex(vector["session_key"]), bytes.fromhex(vector["frame"])
    if vector["side"] == "server":
        return open_http(frame, key, "client")
    return open_answer(frame, key, bytes.fromhex(vector["tag"]))


# -- The cases of the vectors -----------------------------------------------------------------------------------------------


def received(vector):
    return open_frame(octets(vector["frame"]), value_of(vector["secret"]), vector["key_id"], vector["now"])


def is_same(one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def frame_is(vector):
    kind, timestamp, payload = received(vector)
    expected = (vector["type"], vector["timestamp"], value_of(vector["payload"]))
    return is_same([kind, timestamp, payload], list(expected))


def message_is(vector):
    return message_is_read(vector) and is_encoded(vector, value_of(vector["value"]))


def message_is_read(vector):
    kind, timestamp, payload = received(vector)
    return kind == vector["type"] and is_same(read_message(kind, timestamp, payload), value_of(vector["value"]))


def is_encoded(vector, value):
    """Returns whether this program encodes the value to the same frame."""
    secret, kind, timestamp = value_of(vector["secret"]), vector["type"], vector["timestamp"]
    if vector["wire"] == 1:
        frame = peer.make_message(secret, kind, value, timestamp)["frame"]
    else:
        id = uuid.UUID(vector["id"]).bytes
        frame = peer.wire2_make_message(secret, vector["key_id"], id, timestamp, kind, value)["frame"]
    return frame == octets(vector["frame"]).hex()


def parsed(vector):
    kind, timestamp, payload = received(vector)
    try:
        read_message(kind, timestamp, payload)
    except RejectionError as rejected:
        if rejected.path[: len(vector["path"])] != vector["path"]:
            raise RejectionError("DECRYPT") from None  # another path: no case of a message has this error
        raise


def key_from(vector):
    salt = vector.get("salt")
    return derived_key(value_of(vector["secret"]), vector["label"], salt and bytes.fromhex(salt))


def chat_key_from(vector):
    check = vector["key_check"]
    salt = bytes.fromhex(vector["salt"])
    return chat_key(value_of(vector["passphrase"]), salt, vector["iterations"], check and bytes.fromhex(check))


def session_key_is(vector):
    info = b"lacre/session/1\0" + bytes.fromhex(vector["session_id"])
    return peer.hkdf(bytes.fromhex(vector["server_secret"]), info).hex() == vector["session_key"]


def decrypted(vector, kinds=NO_KINDS):
    return decrypt(bytes.fromhex(vector["key"]), value_of(vector["message"]), kinds)


def encryption_is(vector, kinds=NO_KINDS):
    aad, plaintext, body, is_deflated, content = decrypted(vector, kinds)
    message = value_of(vector["message"])
    digest = hashlib.sha256(aad + message["nonce"] + message["content"]).hexdigest()
    steps = [aad.hex(), plaintext, body, is_deflated, content, digest]
    expected = [vector["aad"], octets(vector["plaintext"]), octets(vector["body"]), vector["is_deflated"]]
    return steps == [*expected, value_of(vector["content"]), vector["body_digest"]]


def bytes_of(vector):
    return decrypt_bytes(*(bytes.fromhex(vector[name]) for name in ("key", "aad", "nonce", "content")))


def kept_check_of(vector):
    return kept_check(bytes.fromhex(vector["key"]), bytes.fromhex(vector["encrypted_check"]))


def handshake_is(vector):
    key, hello, welcome = (bytes.fromhex(vector[name]) for name in ("session_key", "hello", "welcome"))
    return agree(key, hello, welcome) == (vector["wire"], vector["tags"])


def handshake_of(vector):
    key, hello = bytes.fromhex(vector["session_key"]), bytes.fromhex(vector["hello"])
    if vector["side"] == "server":
        return open_handshake_frame(hello, key, "client", "hello")
    return agree(key, hello, bytes.fromhex(vector["welcome"]))


# A kind of content that an application defines (E-10).
APPLICATION_KINDS = {"image": fields(file_id=ID, width=COUNT, preview_=byte_string(1, 32), alt_=text(1, 100))}

CHECKS = {
    "wire1": {"valid": frame_is, "invalid": received},
    "wire2": {"valid": frame_is, "invalid": received},
    "messages": {"valid": message_is, "tolerated": message_is_read, "invalid": parsed},
    "keys": {
        "valid": lambda vector: tag(key_from(vector)) == vector["tag"],
        "invalid": key_from,
        "sessions": session_key_is,
    },
    "e2e": {
        "keys": {
            "valid": lambda vector: chat_key_from(vector)["key"].hex() == vector["key"],
            "invalid": chat_key_from,
        },
        "padding": lambda vector: peer.padded_length(vector["length"]) == vector["padded"],
        "valid": encryption_is,
        "invalid": decrypted,
        "bytes": {
            "valid": lambda vector: bytes_of(vector).hex() == vector["bytes"],
            "invalid": bytes_of,
        },
        "kept_checks": {
            "valid": lambda vector: kept_check_of(vector).hex() == vector["key_check"],
            "invalid": kept_check_of,
        },
        "image": {
            "valid": lambda vector: encryption_is(vector, APPLICATION_KINDS),
            "invalid": lambda vector: decrypted(vector, APPLICATION_KINDS),
        },
    },
    "session": {"valid": handshake_is, "invalid": handshake_of},
    "http": {"valid": http_answer_is, "invalid": http_frame},
    "mls": {**devices.CHECKS, **mls_chats.CHECKS},
}


def differences(vectors, checks, name):
    """Returns the cases of a group whose results differ from the stated ones."""
    if isinstance(checks, dict):
        if vectors.keys() != checks.keys():
            return [f"{name}: groups without a check"]
        return [wrong for group in checks for wrong in differences(vectors[group], checks[group], f"{name}.{group}")]
    return [wrong for vector in vectors for wrong in difference(vector, checks, f"{name}: {vector['name']}")]


def difference(vector, check, name):
    global count
    count += 1
    try:
        result = check(vector)
    except RejectionError as rejected:
        return [] if rejected.error == vector.get("error") else [f"{name}: rejected with {rejected.error}"]
    if "error" in vector:
        return [f"{name}: accepted"]
    return [] if result is True else [f"{name}: has another result"]


count = 0
folder = Path(sys.argv[1])
found = {path.stem for path in folder.glob("*.json")}
wrong = [] if found == CHECKS.keys() else [f"files without a check: {sorted(found ^ CHECKS.keys())}"]
for stem, checks in CHECKS.items():
    wrong += differences(json.loads((folder / f"{stem}.json").read_text("utf-8")), checks, stem)
print(json.dumps({"count": count, "wrong": wrong}))
