"""Section 13 of docs/PROTOCOL.md: device logs, recovery keys, safety numbers, and the layouts of MLS chats."""

import hashlib
import re
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rejection import RejectionError

MAX_SAFE = 2**53 - 1
ZEROS = bytes(32)

# -- keys and signatures -----------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
IDENTITY = (0, 1)


def point(encoded):
    """Decodes a point as RFC 8032, section 5.1.3, says. Returns None for any other bytes."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if len(encoded) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign == 1):
        return None
    return (P - x if x & 1 != sign else x), y


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def times(scalar, base):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, base)
        base, scalar = add(base, base), scalar >> 1
    return result


known_keys = {}


def is_key(encoded):
    if encoded not in known_keys:
        base = point(encoded)
        known_keys[encoded] = base not in (None, IDENTITY) and times(L, base) == IDENTITY
    return known_keys[encoded]


def verify(public_key, data, signature):
    """OpenSSL checks S and the equation without the cofactor. With a key of prime order, R can then be of small order only as the identity."""
    if signature[:32] == b"\x01" + bytes(31):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def key_of(vector):
    key = bytes.fromhex(vector["public_key"])
    if not is_key(key):
        raise RejectionError("KEY")
    return key


# -- ids ---------------------------------------------------------------------------------------------------------------


def device_id(public_key):
    return hashlib.sha256(b"lacre/device/1\0" + public_key).digest()[:16]


def key_is(vector):
    return device_id(key_of(vector)).hex() == vector["device"]


# -- logs -------------------------------------------------------------------------------------------------------

Entry = namedtuple("Entry", "user seq previous time op signer subject recovery signature acceptance head signed")
BEGIN, ADD, REMOVE, RECOVERY, RESET = 1, 2, 3, 4, 5


def invalid():
    return RejectionError("DEVICE_LOG_INVALID")


def number(data):
    return int.from_bytes(data, "big")


def entry_from(data):
    if len(data) != 289 or data[:12] != b"lacre/log/1\0":
        raise invalid()
    at, parts = 12, []
    for size in (8, 4, 32, 8, 1, 32, 32, 32, 64, 64):
        parts.append(data[at : at + size])
        at += size
    user, seq, previous, time, op, *keys = parts
    if not 1 <= number(user) <= MAX_SAFE or number(time) > 10**14:
        raise invalid()
    head = hashlib.sha256(data[:161]).digest()
    return Entry(number(user), number(seq), previous, number(time), number(op), *keys, head, data[:161])


class Log:
    def __init__(self, user):
        self.user, self.entries, self.devices, self.ever = user, [], [], set()
        self.recovery = self.base = None

    @property
    def head(self):
        return self.entries[-1].head if self.entries else ZEROS

    def may_sign(self, key):
        return key in self.devices or key == self.recovery

    def extend(self, entry):
        """A-4, and the forks of A-5."""
        if 1 <= entry.seq <= len(self.entries):
            known = self.entries[entry.seq - 1]
            if known.head == entry.head:
                return
            past = Log(self.user)
            for one in self.entries[: entry.seq - 1]:
                past.extend(one)
            past.extend(entry)
            raise RejectionError("DEVICE_LOG_FORK")
        if entry.user != self.user or entry.seq != len(self.entries) + 1 or entry.seq > 1024:
            raise invalid()
        if entry.previous != self.head:
            if self.may_sign(entry.signer) and verify(entry.signer, entry.signed, entry.signature):
                raise RejectionError("DEVICE_LOG_FORK")
            raise invalid()
        new_keys, acceptor = self.rules(entry)
        if not all(is_key(key) for key in new_keys) or not verify(entry.signer, entry.signed, entry.signature):
            raise invalid()
        if acceptor is None:
            is_accepted = entry.acceptance == bytes(64)
        else:
            is_accepted = verify(acceptor, b"lacre/log-accept/1\0" + entry.head, entry.acceptance)
        if not is_accepted:
            raise invalid()
        self.entries.append(entry)
        if entry.op != ADD:
            self.base = entry.head
        if entry.op in (BEGIN, RECOVERY, RESET):
            self.recovery = entry.recovery
        if entry.op == RESET:
            self.devices.clear()
        if entry.op in (BEGIN, ADD, RESET):
            self.devices.append(entry.subject)
            self.ever.add(entry.subject)
        if entry.op == REMOVE:
            self.devices.remove(entry.subject)

    def rules(self, entry):
        """Returns the keys that an entry introduces, and the key that must accept it."""
        is_first = not self.entries
        if is_first != (entry.op == BEGIN) or entry.op not in (BEGIN, ADD, REMOVE, RECOVERY, RESET):
            raise invalid()
        if entry.op in (BEGIN, RESET):
            is_right = entry.signer == entry.subject and entry.subject not in self.ever
            found = [entry.subject, entry.recovery], entry.recovery
        elif entry.op == ADD:
            is_right = self.may_sign(entry.signer) and entry.subject not in self.ever and len(self.devices) < 8
            is_right, found = is_right and entry.recovery == ZEROS, ([entry.subject], entry.subject)
        elif entry.op == REMOVE:
            is_right = self.may_sign(entry.signer) and entry.subject in self.devices and entry.recovery == ZEROS
            found = [], None
        else:
            is_right = entry.signer == self.recovery and entry.subject == ZEROS
            found = [entry.recovery], entry.recovery
        if not is_right:
            raise invalid()
        return found


def log_from(user, entries):
    log = Log(user)
    for entry in entries:
        log.extend(entry_from(bytes.fromhex(entry)))
    return log


def log_is(vector):
    log = log_from(vector["user_id"], vector["entries"])
    expected = [vector[name] for name in ("head", "base", "recovery_public_key", "devices")]
    devices = [device_id(key).hex() for key in log.devices]
    return [log.head.hex(), log.base.hex(), log.recovery.hex(), devices] == expected


def extended(vector):
    log = log_from(vector["user_id"], vector["log"])
    log.extend(entry_from(bytes.fromhex(vector["entry"])))


def pinned(vector):
    log, pin = log_from(vector["user_id"], vector["entries"]), vector["pin"]
    if len(log.entries) < pin["seq"]:
        raise RejectionError("DEVICE_LOG_BEHIND")
    if log.entries[pin["seq"] - 1].head.hex() != pin["head"]:
        raise RejectionError("DEVICE_LOG_FORK")
    return True


# -- recovery keys, safety numbers, links ----------------------------------------------------------------------

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def recovery_key(text):
    """Returns the recovery key that a user typed."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch("[0-9A-Za-z]{56}", digits):
        raise RejectionError("KEY")
    digits = digits.upper().replace("I", "1").replace("L", "1").replace("O", "0")
    if "U" in digits:
        raise RejectionError("KEY")
    value = 0
    for digit in digits:
        value = value * 32 + CROCKFORD.index(digit)
    key, check = value.to_bytes(35, "big")[:32], value.to_bytes(35, "big")[32:]
    if hashlib.sha256(b"lacre/recovery/1\0" + key).digest()[:3] != check:
        raise RejectionError("KEY")
    return key, digits


def recovery_key_is(vector):
    key, digits = recovery_key(vector["typed"])
    seed = HKDFExpand(SHA256(), 32, b"lacre/e2e/2/recovery-sign\0").derive(key)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = "-".join(digits[at : at + 4] for at in range(0, 56, 4))
    return (text, public.hex()) == (vector["text"], vector["public_key"])


def safety_number_is(vector):
    halves = []
    for user in vector["users"]:
        base = log_from(user["user_id"], user["entries"]).base
        digest = bytes(2) + base + f"lacre:{user['user_id']}".encode()
        for _ in range(5200):
            digest = hashlib.sha512(digest + base).digest()
        halves.append("".join(f"{number(digest[at : at + 5]) % 100_000:05}" for at in range(0, 30, 5)))
    return "".join(sorted(halves)) == vector["digits"]


def link_text(public_key):
    return "lacre-device:" + urlsafe_b64encode(public_key + device_id(public_key)[:3]).decode().rstrip("=")


def link(text):
    if not re.fullmatch("lacre-device:[A-Za-z0-9_-]{47}", text):
        raise RejectionError("KEY")
    public_key = urlsafe_b64decode(text.removeprefix("lacre-device:") + "=")[:32]
    if link_text(public_key) != text or not is_key(public_key):
        raise RejectionError("KEY")
    return public_key


def link_is(vector):
    public_key = link(vector["text"])
    return (public_key.hex(), device_id(public_key).hex()) == (vector["public_key"], vector["device"])


# -- layouts of MLS chats ------------------------------------------------------------------------------------


def credential(vector):
    data = bytes.fromhex(vector["bytes"])
    if len(data) != 24 or not 1 <= number(data[:8]) <= MAX_SAFE:
        raise RejectionError("MALFORMED")
    return number(data[:8]), data[8:].hex()


def credential_is(vector):
    return credential(vector) == (vector["user_id"], vector["device"])


def named_logs(data):
    count = number(data[:2])
    if len(data) != 2 + 44 * count or not 1 <= count <= 64:
        raise RejectionError("MALFORMED")
    logs, last = [], 0
    for at in range(2, len(data), 44):
        user, seq, head = number(data[at : at + 8]), number(data[at + 8 : at + 12]), data[at + 12 : at + 44]
        if not last < user <= MAX_SAFE or not 1 <= seq <= 1024:
            raise RejectionError("MALFORMED")
        logs.append({"user_id": user, "seq": seq, "head": head.hex()})
        last = user
    return logs


def commit(vector):
    data = bytes.fromhex(vector["bytes"])
    chat, client_id = number(data[15:23]), data[23:39]
    if data[:15] != b"lacre/commit/1\0" or not 1 <= chat <= MAX_SAFE or client_id == bytes(16):
        raise RejectionError("MALFORMED")
    return {"chat_id": chat, "client_id": str(uuid.UUID(bytes=client_id)), "logs": named_logs(data[39:])}


def commit_is(vector):
    return all(vector[name] == value for name, value in commit(vector).items())


# -- the history. There is no X-Wing in python3-cryptography, so that chunks are verified and not decrypted. ------


def require(holds):
    if not holds:
        raise RejectionError("HISTORY_INVALID")


def history_key(vector):
    data, log = bytes.fromhex(vector["bytes"]), log_from(vector["user_id"], vector["entries"])
    require(len(data) == 1308 and data[:20] == b"lacre/history-key/1\0")
    require(number(data[20:28]) == vector["user_id"])
    require(verify(log.recovery, data[:1244], data[1244:]))
    return hashlib.sha256(b"lacre/history-id/1\0" + data[28:1244]).digest()[:16]


def history_key_is(vector):
    key, _ = recovery_key(vector["recovery_key"])
    seed = HKDFExpand(SHA256(), 32, b"lacre/e2e/2/recovery-sign\0").derive(key)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    log = log_from(vector["user_id"], vector["entries"])
    return public == log.recovery and history_key(vector).hex() == vector["id"]


def history_chunk(vector):
    data, log = bytes.fromhex(vector["bytes"]), log_from(vector["user_id"], vector["entries"])
    require(89 + 1120 + 144 + 64 <= len(data) <= 143_360 and data[:16] == b"lacre/history/1\0")
    kind, user, device = data[16], number(data[17:25]), data[41:57]
    chat, first, last, time = (number(data[at : at + 8]) for at in (57, 65, 73, 81))
    require(user == vector["user_id"] and time <= 10**14)
    require(kind in (1, 2) and (kind == 1 or chat == first == last == 0))
    require(kind == 2 or (0 < chat <= MAX_SAFE and 0 < first <= last <= MAX_SAFE))
    added = next((entry for entry in log.entries if device_id(entry.subject) == device), None)
    require(added)
    later = log.entries[added.seq :]
    removed = [entry for entry in later if entry.op == RESET or entry.subject == added.subject]
    require(not removed or time <= removed[0].time)
    signed = data[:89] + hashlib.sha256(data[89:-64]).digest()
    require(verify(added.subject, signed, data[-64:]))
    return chat, first, last


def history_chunk_is(vector):
    return history_chunk(vector) == tuple(vector[name] for name in ("chat_id", "first_seq", "last_seq"))


CHECKS = {
    "valid": log_is,
    "invalid": extended,
    "pins": {"valid": pinned, "invalid": pinned},
    "device_keys": {"valid": key_is, "invalid": key_of},
    "links": {"valid": link_is, "invalid": lambda vector: link(vector["text"])},
    "recovery_keys": {"valid": recovery_key_is, "invalid": lambda vector: recovery_key(vector["text"])},
    "safety_numbers": safety_number_is,
    "credentials": {"valid": credential_is, "invalid": credential},
    "commits": {"valid": commit_is, "invalid": commit},
    "history_keys": {"valid": history_key_is, "invalid": history_key},
    "history_chunks": {"valid": history_chunk_is, "invalid": history_chunk},
}
