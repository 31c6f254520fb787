// Bytes of MLS to values and back, and key packages.
import { type Bytes, concat, copyOfBytes, equalConstantTime } from "../bytes.js";
import { DecodeError, LacreError } from "../errors.js";
import { MAX_CONTENT_BYTES } from "../limits.js";
import {
  checkTree,
  deviceToAdd,
  LIFETIME,
  MAX_NODES,
  MAX_PROPOSALS,
  malformed,
} from "./engine-checks.js";
import { algorithmsOf, PRIVATE_KEY_BYTES, suiteOf } from "./engine-crypto.js";
import {
  type ClientState,
  decodeMlsMessage,
  decodeRatchetTree,
  defaultKeyPackageEqualityConfig,
  type Extension,
  encodeMlsMessage,
  encodeRatchetTree,
  extensionsSupportedByCapabilities,
  generateKeyPackageWithKey,
  type MLSMessage,
  type RatchetTree,
  verifyKeyPackage,
  verifyLeafNodeSignatureKeyPackage,
} from "./engine-library.js";
import type { Header, Member, OwnKeyPackage, Rules, Signer, Suite } from "./engine-types.js";

/** Maximum size of a proposal and a key package in bytes. */
export const MAX_MESSAGE_BYTES = 65_536;

/** Maximum size of a commit, a welcome and a group info in bytes: those of 256 devices with X-Wing have up to 1.2 MB. */
export const MAX_HANDSHAKE_BYTES = 2_097_152;

/**
 * Type of the extension of group infos that has the note for joiners (docs/PROTOCOL.md, G-3). It is of the range for private use
 * (RFC 9420, section 17.3).
 */
const NOTE_EXTENSION = 0xf1ac;

/** Number of past epochs whose messages can be read. */
const PAST_EPOCHS = 8;
/** Number of messages of one device that can arrive after a later one. */
const GENERATIONS_BEHIND = 256;
/** Number of messages of one device that can be missing before one. */
const GENERATIONS_AHEAD = 1024;

/** Runs code of ts-mls, which throws errors of all kinds for invalid input, and throws `failure` instead of them. */
export async function attempt<T>(
  work: () => T | Promise<T>,
  failure: (error: unknown) => LacreError,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof LacreError ? error : failure(error);
  }
}

/** Decodes a message, and returns the bytes behind it too. */
function decode(input: unknown, maxBytes: number): { message: MLSMessage; rest: Bytes } {
  const bytes = bounded(input, maxBytes);
  try {
    const [message, length] = decodeMlsMessage(bytes, 0)!;
    if (itemsIn(message) > MAX_PROPOSALS) throw malformed();
    // Also rejects lengths and options that are not encoded as RFC 9420 requires.
    if (equalConstantTime(encodeMlsMessage(message), bytes.subarray(0, length))) {
      return { message, rest: bytes.subarray(length) };
    }
  } catch {}
  throw malformed();
}

/** Returns the number of entries of the list in a message that could have the most, before any work is done for each of them. */
function itemsIn(message: MLSMessage): number {
  if (message.wireformat === "mls_welcome") return message.welcome.secrets.length;
  if (message.wireformat !== "mls_public_message") return 0;
  const { content } = message.publicMessage;
  return content.contentType === "commit" ? content.commit.proposals.length : 0;
}

export function bounded(input: unknown, maxBytes: number): Bytes {
  const bytes = copyOfBytes(input);
  if (bytes === undefined) throw new DecodeError("not bytes");
  if (bytes.length > maxBytes) {
    const code = "ERR_BOUND_EXCEEDED";
    throw new DecodeError(`more than ${maxBytes} bytes`, { code });
  }
  return bytes;
}

type Format = MLSMessage["wireformat"];
type Of<F extends Format> = Extract<MLSMessage, { wireformat: F }>;
type GroupInfo = Of<"mls_group_info">["groupInfo"];

export function decodeAs<F extends Format>(input: unknown, format: F, maxBytes: number): Of<F> {
  const { message, rest } = decode(input, maxBytes);
  if (message.wireformat !== format || rest.length > 0) throw malformed();
  return message as Of<F>;
}

/** Decodes a welcome or group info, and the ratchet tree behind it. The tree is undefined if the message contains it. */
export function decodeWithTree<F extends Format>(input: unknown, format: F) {
  const { message, rest } = decode(input, MAX_HANDSHAKE_BYTES);
  if (message.wireformat !== format) throw malformed();
  const tree = rest.length === 0 ? undefined : decodeTree(rest);
  // ts-mls prefers the tree inside, which would not be checked.
  if (tree && message.wireformat === "mls_group_info" && hasTree(message.groupInfo))
    throw malformed();
  return { message: message as Of<F>, tree };
}

/** Whether a group info contains the ratchet tree. */
export function hasTree({ extensions }: Pick<GroupInfo, "extensions">): boolean {
  return extensions.some(({ extensionType }) => extensionType === "ratchet_tree");
}

/**
 * Decodes and checks a ratchet tree (RFC 9420, section 12.4.3.3).
 *
 * ts-mls 1.6.4 rejects valid trees on joining: it requires that all ancestors of an unmerged leaf list the same leaves. Such a tree
 * is passed beside the message, not inside it, so that this function can hide the lists from that check, which reads the tree's
 * entries once. `checkTree` replaces the check.
 */
export function decodeTree(bytes: Uint8Array): RatchetTree {
  let tree: RatchetTree;
  try {
    [tree] = decodeRatchetTree(bytes, 0)!;
    if (tree.length > MAX_NODES || !equalConstantTime(encodeRatchetTree(tree), bytes))
      throw malformed();
  } catch {
    throw malformed();
  }
  checkTree(tree);
  const shown = tree.map((node) =>
    node?.nodeType === "parent"
      ? { ...node, parent: { ...node.parent, unmergedLeaves: [] } }
      : node,
  );
  Object.defineProperty(tree, "entries", {
    configurable: true,
    value() {
      Reflect.deleteProperty(tree, "entries");
      return shown.entries();
    },
  });
  return tree;
}

/** A message of ts-mls without the version, which is always the same. */
export type Unversioned = {
  [F in Format]: Omit<Of<F>, "version"> & { wireformat: F };
}[Format];

export function encode(message: Unversioned): Bytes {
  return encodeMlsMessage({ version: "mls10", ...message } as MLSMessage) as Bytes;
}

/** Encodes a welcome or a group info, and the ratchet tree behind it. */
export function encodeWithTree(message: Unversioned, tree: RatchetTree): Bytes {
  return concat(encode(message), encodeRatchetTree(tree));
}

export type FramedMessage = Of<"mls_private_message" | "mls_public_message">;

export function decodeFramed(input: unknown): { message: FramedMessage; header: Header } {
  const { message, rest } = decode(input, MAX_HANDSHAKE_BYTES);
  if (rest.length > 0) throw malformed();
  if (message.wireformat === "mls_private_message") {
    const { groupId, epoch, contentType, authenticatedData } = message.privateMessage;
    if (contentType === "application") bounded(input, MAX_CONTENT_BYTES);
    if (contentType === "proposal") bounded(input, MAX_MESSAGE_BYTES);
    return { message, header: { groupId, epoch, contentType, authenticatedData } };
  }
  if (message.wireformat !== "mls_public_message") throw malformed();
  const { groupId, epoch, contentType, authenticatedData } = message.publicMessage.content;
  if (contentType !== "commit") bounded(input, MAX_MESSAGE_BYTES);
  return { message, header: { groupId, epoch, contentType, authenticatedData } };
}

/** Reads the clear header of a message for a group. */
export function readHeader(message: Uint8Array): Header {
  return decodeFramed(message).header;
}

/** Reads what a key package says. Adding it to a group verifies it. */
export function readKeyPackage(keyPackage: Uint8Array): Member & { readonly suite: Suite } {
  const decoded = decodeAs(keyPackage, "mls_key_package", MAX_MESSAGE_BYTES).keyPackage;
  return { suite: suiteNamed(decoded.cipherSuite), ...deviceToAdd(decoded) };
}

/**
 * Returns the encryption key of a key package that has valid signatures of its device, and can do what the groups of chats need.
 * Returns undefined for any other one.
 */
export async function validEncryptionKey(keyPackage: Uint8Array): Promise<Bytes | undefined> {
  try {
    const decoded = decodeAs(keyPackage, "mls_key_package", MAX_MESSAGE_BYTES).keyPackage;
    const { leafNode, initKey, cipherSuite } = decoded;
    const { capabilities, extensions, hpkePublicKey } = leafNode;
    deviceToAdd(decoded);
    const { signature } = algorithmsOf(suiteNamed(cipherSuite));
    const isValid =
      capabilities.ciphersuites.includes(cipherSuite) &&
      extensionsSupportedByCapabilities(extensions, capabilities) &&
      !equalConstantTime(initKey, hpkePublicKey) &&
      (await verifyKeyPackage(decoded, signature)) &&
      (await verifyLeafNodeSignatureKeyPackage(leafNode, signature));
    return isValid ? (hpkePublicKey.slice() as Bytes) : undefined;
  } catch {
    return undefined;
  }
}

/** What a group info says. Only joining by it verifies that. */
export interface GroupInfoHeader {
  readonly suite: Suite;
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly note: Bytes;
}

/** Reads what a group info says. */
export function readGroupInfo(groupInfo: Uint8Array): GroupInfoHeader {
  const { message } = decodeWithTree(groupInfo, "mls_group_info");
  const { groupContext, extensions } = message.groupInfo;
  const { cipherSuite, groupId, epoch } = groupContext;
  return { suite: suiteNamed(cipherSuite), groupId, epoch, note: noteIn(extensions) };
}

export function suiteNamed(name: string): Suite {
  const suite = suiteOf(name);
  if (suite === undefined) throw new LacreError("ERR_VERIFY", "unknown cipher suite");
  return suite;
}

/** Makes key packages of a device for one suite, valid without end: the server hands out each of them once. */
export async function makeKeyPackages(
  signer: Signer,
  identity: Uint8Array,
  suite: Suite,
  count: number,
): Promise<OwnKeyPackage[]> {
  const made = Array.from({ length: count }, async () => {
    const { publicPackage, privatePackage } = await generate(signer, identity, suite);
    const publish = encode({ wireformat: "mls_key_package", keyPackage: publicPackage });
    const keep = concat(privatePackage.initPrivateKey, privatePackage.hpkePrivateKey, publish);
    return { publish, keep };
  });
  return Promise.all(made);
}

/** Reads what `makeKeyPackages` returned as `keep`. */
export function readKept(keep: Uint8Array) {
  const bytes = bounded(keep, MAX_MESSAGE_BYTES);
  const privateKeys = {
    initPrivateKey: bytes.subarray(0, PRIVATE_KEY_BYTES),
    hpkePrivateKey: bytes.subarray(PRIVATE_KEY_BYTES, 2 * PRIVATE_KEY_BYTES),
    signaturePrivateKey: noBytes,
  };
  const published = bytes.subarray(2 * PRIVATE_KEY_BYTES);
  const { keyPackage } = decodeAs(published, "mls_key_package", MAX_MESSAGE_BYTES);
  return { keyPackage, privateKeys };
}

export function generate(signer: Signer, identity: Uint8Array, suite: Suite) {
  const cs = algorithmsOf(suite, signer);
  const capabilities = {
    versions: ["mls10" as const],
    ciphersuites: [cs.name],
    extensions: [],
    proposals: [],
    credentials: ["basic" as const],
  };
  return generateKeyPackageWithKey(
    { credentialType: "basic", identity: identity.slice() },
    capabilities,
    LIFETIME,
    [],
    { signKey: noBytes, publicKey: signer.publicKey.slice() },
    cs,
  );
}

/** Returns the extensions of a group info with a note for joiners. */
export function extensionsFor(note: Uint8Array): Extension[] {
  return [{ extensionType: NOTE_EXTENSION, extensionData: note.slice() }];
}

/** Returns the note in the extensions of a group info; empty if there is none. */
export function noteIn(extensions: readonly Extension[]): Bytes {
  const found = extensions.find(({ extensionType }) => extensionType === NOTE_EXTENSION);
  return (found?.extensionData.slice() ?? new Uint8Array()) as Bytes;
}

/** No bytes. The state has these as its signature key, which a `Signer` has. */
export const noBytes = new Uint8Array(0);

export function configOf(rules?: Rules): ClientState["clientConfig"] {
  return {
    keyRetentionConfig: {
      retainKeysForEpochs: PAST_EPOCHS,
      retainKeysForGenerations: GENERATIONS_BEHIND,
      maximumForwardRatchetSteps: GENERATIONS_AHEAD,
    },
    lifetimeConfig: { maximumTotalLifetime: 2n ** 64n, validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    paddingConfig: { kind: "padUntilLength", padUntilLength: 0 },
    authService: {
      async validateCredential(credential, signatureKey) {
        if (credential.credentialType !== "basic" || !("identity" in credential)) return false;
        return rules?.credential(credential.identity.slice(), signatureKey.slice()) ?? false;
      },
    },
  };
}
