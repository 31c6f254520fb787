import { macOf } from "../../../src/envelope/signing-key.js";
import { deriveSessionKey, SigningKey } from "../../../src/index.js";
import type {
  InvalidKey,
  SessionKeyVector,
  ValidKey,
  Vectors,
} from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import { errors, rejection, valued } from "./notation.js";

const PROBE = counting(4);

export const tagOf = (key: SigningKey) => toHex(macOf(key)(PROBE));

function own(name: string, secret: string | Uint8Array): ValidKey {
  const tag = tagOf(SigningKey.from(secret));
  return { ...base(name, secret), requirement: "K-1", label: null, salt: null, tag };
}

function derived(
  name: string,
  secret: string | Uint8Array,
  label: string,
  salt?: Uint8Array,
): ValidKey {
  const tag = tagOf(SigningKey.derive(secret, label, salt === undefined ? {} : { salt }));
  return { ...base(name, secret), requirement: "K-2", label, salt: salt ? toHex(salt) : null, tag };
}

function base(name: string, secret: string | Uint8Array) {
  return { name, secret: typeof secret === "string" ? secret : { $hex: toHex(secret) } };
}

function invalid(
  name: string,
  secret: InvalidKey["secret"],
  label: string | null = null,
): InvalidKey {
  const requirement = label === null ? "K-1" : "K-2";
  return { ...rejection(requirement, name, errors.key), secret, label };
}

function session(name: string, serverSecret: Uint8Array, id: Uint8Array): SessionKeyVector {
  const [server_secret, session_id] = [toHex(serverSecret), toHex(id)];
  const session_key = toHex(deriveSessionKey(serverSecret, id));
  return { name, requirement: "K-5", server_secret, session_id, session_key };
}

const SOUND = { $hex: toHex(counting(32)) };

export const keys: Vectors<ValidKey, InvalidKey> & {
  readonly sessions: readonly SessionKeyVector[];
} = {
  valid: [
    own("bytes", counting(32)),
    own("text, which stands for its UTF-8", "clave secreta ñ 🔑"),
    own("text with a U+FEFF, which stays", "\u{FEFF}secret"),
    own("one byte", Uint8Array.of(1)),
    own("64 bytes, one block of SHA-256", counting(64)),
    own("65 bytes, which HMAC hashes first", counting(65)),
    derived("the client's direction", counting(32), "client"),
    derived("the server's direction", counting(32), "server"),
    derived("the client's direction of a connection", counting(32), "client", counting(32)),
    derived("the server's direction of a connection", counting(32), "server", counting(32)),
    derived("the client's direction over HTTP", counting(32), "http-client"),
    derived("the server's direction over HTTP", counting(32), "http-server"),
    derived("a label of 32 characters", "secret", "a-0".repeat(10).concat("zz")),
    derived("a salt longer than a block", "secret", "client", counting(100)),
  ],
  invalid: [
    invalid("no bytes", { $hex: "" }),
    invalid("no text", ""),
    invalid("32 bytes, all zero", { $hex: "00".repeat(32) }),
    invalid("text of U+0000 alone", "\0\0"),
    invalid("text with a lone surrogate", valued("secret\ud800")),
    invalid("an empty label", SOUND, ""),
    invalid("a label of 33 characters", SOUND, "a".repeat(33)),
    invalid("a label with a slash, which is the protocol's own", SOUND, "session/1"),
    invalid("a label in capitals", SOUND, "Client"),
  ],
  sessions: [
    session(
      "a session",
      counting(32),
      Uint8Array.from(Buffer.from("0192f5a07c007abc8def0123456789ab", "hex")),
    ),
    session("a longer secret of the server", counting(64), counting(16)),
  ],
};
