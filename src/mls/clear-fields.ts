// The fields of MLS messages that are readable without keys. Nothing here verifies a signature.
import { type Bytes, copyOfBytes } from "../bytes.js";
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES } from "../crypto/ed25519.js";
import { DecodeError } from "../errors.js";
import { LayoutReader } from "../wire/layout.js";
import { type Credential, decodeCredential } from "./credential.js";
import { deviceId } from "./device-id.js";
import type { Suite } from "./engine-types.js";
import { isId } from "./limits.js";

/** Length of the id of a chat's MLS group in bytes: the chat's id, and 16 random bytes. */
const GROUP_ID_BYTES = 24;

// Numbers of RFC 9420, sections 6, 7.2 and 17.
const MLS10 = 1;
const PUBLIC_MESSAGE = 1;
const PRIVATE_MESSAGE = 2;
const KEY_PACKAGE = 5;
const CONTENT_TYPES = ["application", "proposal", "commit"] as const;
const COMMIT = 3;
const NEW_MEMBER_COMMIT = 4;
const BASIC_CREDENTIAL = 1;
const SOURCE_KEY_PACKAGE = 1;
const SOURCE_COMMIT = 3;

/** What an MLS message of a chat says without keys. Only a member that receives the message can verify it. */
export interface MessageHeader {
  readonly chat_id: number;
  /** Epoch of the group, from 0 to 2^53 − 1. */
  readonly epoch: number;
  readonly content_type: (typeof CONTENT_TYPES)[number];
}

/** What a key package says. Only adding it to a group verifies it. */
export interface KeyPackageHeader extends Credential {
  readonly suite: Suite;
  /** Ed25519 public key of the device, 32 bytes. */
  readonly publicKey: Bytes;
}

/**
 * Reads the clear fields of an MLS message of a chat: a private message, or an external commit, which is a public message
 * (RFC 9420, section 6). Compare them with the fields of the `message` that has it as its content.
 *
 * @throws {DecodeError} if the bytes are any other message, or not of a chat's group.
 *
 * ```ts
 * const { chat_id, epoch, content_type } = readMessageHeader(mlsMessage);
 * ```
 */
export function readMessageHeader(message: Uint8Array): MessageHeader {
  const reader = new MlsReader(message);
  const format = reader.start();
  const groupId = reader.vector();
  const chat_id = new LayoutReader(groupId).uint(8);
  const epoch = reader.uint(8);
  let type: number;
  if (format === PRIVATE_MESSAGE) {
    type = reader.uint(1);
    reader.vectors(3); // authenticated_data, encrypted_sender_data, ciphertext
  } else {
    reader.require(format === PUBLIC_MESSAGE && reader.uint(1) === NEW_MEMBER_COMMIT);
    reader.vector(); // authenticated_data
    type = reader.uint(1);
    reader.require(type === COMMIT);
    reader.vector(); // proposals
    reader.require(reader.uint(1) === 1); // An external commit has a path.
    reader.leafNode(SOURCE_COMMIT);
    reader.vectors(3); // nodes of the path, signature, confirmation_tag
  }
  reader.end();
  const content_type = CONTENT_TYPES[type - 1];
  reader.require(groupId.length === GROUP_ID_BYTES && isId(chat_id));
  reader.require(Number.isSafeInteger(epoch) && content_type !== undefined);
  return { chat_id, epoch, content_type: content_type! };
}

/**
 * Reads the suite and the device of a key package (RFC 9420, section 10), which is an MLS message. Its basic credential names the
 * user, and the device of its signature key (docs/PROTOCOL.md, A-13).
 *
 * @throws {DecodeError} if the bytes are any other message, or of another suite or credential.
 *
 * ```ts
 * const { suite, user_id, device } = readKeyPackageHeader(keyPackage);
 * ```
 */
export function readKeyPackageHeader(keyPackage: Uint8Array): KeyPackageHeader {
  const reader = new MlsReader(keyPackage);
  reader.require(reader.start() === KEY_PACKAGE && reader.uint(2) === MLS10);
  const suite = reader.uint(2);
  reader.vector(); // init_key
  const { publicKey, identity } = reader.leafNode(SOURCE_KEY_PACKAGE);
  reader.vector(); // extensions
  const signature = reader.vector();
  reader.end();
  reader.require(suite === 1 || suite === 0xf00d);
  reader.require(signature.length === ED25519_SIGNATURE_BYTES);
  const credential = decodeCredential(identity);
  reader.require(credential.device === deviceId(publicKey));
  return { suite: suite as Suite, ...credential, publicKey };
}

/** Reads the encoding of RFC 9420. What is missing at the end reads as shorter or smaller; `end` notices it. */
class MlsReader extends LayoutReader {
  constructor(message: Uint8Array) {
    const bytes = copyOfBytes(message);
    if (bytes === undefined) throw new DecodeError("the MLS message must be bytes");
    super(bytes);
  }

  /** Throws unless a rule holds. */
  require(holds: boolean): void {
    if (!holds) throw new DecodeError("malformed MLS message, or not one of a chat");
  }

  /** Throws unless exactly all bytes have been read. */
  end(): void {
    this.require(this.rest === 0);
  }

  /** Reads the version and returns the wire format of an MLSMessage. */
  start(): number {
    this.require(this.uint(2) === MLS10);
    return this.uint(2);
  }

  /** Reads a vector of variable length (RFC 9420, section 2.1.2). */
  vector(): Bytes {
    const first = this.uint(1);
    let length = first & 0x3f;
    for (let more = (1 << (first >> 6)) - 1; more > 0; more--) length = length * 256 + this.uint(1);
    // Lengths have their shortest form, and at most 30 bits.
    this.require(length >= ([0, 64, 16_384][first >> 6] ?? Number.NaN));
    return this.bytes(length);
  }

  vectors(count: number): void {
    for (let read = 0; read < count; read++) this.vector();
  }

  /** Reads a leaf node of a source (RFC 9420, section 7.2), with a basic credential and an Ed25519 key. */
  leafNode(source: number): { publicKey: Bytes; identity: Bytes } {
    this.vector(); // encryption_key
    const publicKey = this.vector();
    this.require(publicKey.length === ED25519_KEY_BYTES && this.uint(2) === BASIC_CREDENTIAL);
    const identity = this.vector();
    this.vectors(5); // capabilities
    this.require(this.uint(1) === source);
    if (source === SOURCE_COMMIT) {
      this.vector(); // parent_hash
    } else {
      this.bytes(16); // lifetime
    }
    this.vectors(2); // extensions, signature
    return { publicKey, identity };
  }
}
