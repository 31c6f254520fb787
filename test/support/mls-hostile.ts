// Builds MLS messages that no correct client makes, encrypted and signed by a member.

import { type ClientState, decodeGroupState } from "ts-mls/clientState.js";
import type { Commit } from "ts-mls/commit.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { signFramedContentTBS, toTbs } from "ts-mls/framedContent.js";
import { signGroupInfo } from "ts-mls/groupInfo.js";
import { type KeyPackage, signKeyPackage } from "ts-mls/keyPackage.js";
import { signLeafNodeKeyPackage } from "ts-mls/leafNode.js";
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import {
  encodePrivateContentAAD,
  encodePrivateMessageContent,
  encryptSenderData,
} from "ts-mls/privateMessage.js";
import type { Proposal } from "ts-mls/proposal.js";
import { encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { consumeRatchet, ratchetUntil } from "ts-mls/secretTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { leafToNodeIndex, toLeafIndex } from "ts-mls/treemath.js";
import type { Group } from "../../src/mls/engine.js";
import { algorithmsOf } from "../../src/mls/engine-crypto.js";
import type { Signer } from "../../src/mls/engine-types.js";
import { none, type TestDevice } from "./mls.js";

/** What is signed: the part of a FramedContent that depends on its type. */
export type HostileContent =
  | { contentType: "application"; applicationData: Uint8Array }
  | { contentType: "proposal"; proposal: Proposal }
  | { contentType: "commit"; commit: Commit };

/** How a message differs from one of a correct client. */
export interface HostileOptions {
  readonly authenticatedData?: Uint8Array;
  /** Whether the message is a PublicMessage. */
  readonly isPublic?: boolean;
  /** Number of generations that the sender skips. */
  readonly skipped?: number;
  /** Claims another leaf as its sender. */
  readonly leafIndex?: number;
}

/** Returns the state of a group, which the engine does not show. */
export function stateOf(group: Group): ClientState {
  const [state] = decodeGroupState(group.export(), 1)!;
  const paddingConfig = { kind: "padUntilLength", padUntilLength: 0 } as const;
  return { ...state, clientConfig: { paddingConfig } as ClientState["clientConfig"] };
}

/** Encrypts and signs any content as a member. Nothing checks it. The confirmation tag of a commit is wrong. */
export async function hostileMessage(
  group: Group,
  signer: Signer,
  content: HostileContent,
  options: HostileOptions = {},
): Promise<Uint8Array> {
  const { authenticatedData = none, isPublic = false } = options;
  const state = stateOf(group);
  const { groupContext } = state;
  const leafIndex = options.leafIndex ?? state.privatePath.leafIndex;
  const cs = algorithmsOf(group.suite, signer);
  const { groupId, epoch } = groupContext;
  const sender = { senderType: "member" as const, leafIndex };
  const framed = { ...content, groupId, epoch, sender, authenticatedData };
  const wireformat = isPublic ? "mls_public_message" : "mls_private_message";
  const tbs = toTbs(framed, wireformat, groupContext);
  const signature = await signFramedContentTBS(none, tbs as never, cs.signature);
  const auth = {
    contentType: content.contentType,
    signature,
    confirmationTag: new Uint8Array(cs.kdf.size),
  };
  if (isPublic) {
    const authentic = { wireformat, content: framed, auth } as never;
    const publicMessage = await protectPublicMessage(
      state.keySchedule.membershipKey,
      groupContext,
      authentic,
      cs,
    );
    return encodeMlsMessage({ version: "mls10", wireformat, publicMessage } as never);
  }
  const plaintext = encodePrivateMessageContent(state.clientConfig.paddingConfig)({
    ...framed,
    auth,
  } as never);
  return hostilePlaintext(group, content.contentType, plaintext, options);
}

/** Encrypts any bytes as the content of a member's message. */
export async function hostilePlaintext(
  group: Group,
  contentType: HostileContent["contentType"],
  plaintext: Uint8Array,
  options: HostileOptions = {},
): Promise<Uint8Array> {
  const { authenticatedData = none, skipped = 0 } = options;
  const state = stateOf(group);
  const { groupId, epoch } = state.groupContext;
  const leafIndex = options.leafIndex ?? state.privatePath.leafIndex;
  const cs = algorithmsOf(group.suite);
  const ratchet = contentType === "application" ? "application" : "handshake";
  const tree = await ratcheted(state, leafIndex, ratchet, skipped, cs);
  const at = leafToNodeIndex(toLeafIndex(leafIndex));
  const { generation, reuseGuard, nonce, key } = await consumeRatchet(tree, at, contentType, cs);
  const aad = { groupId, epoch, contentType, authenticatedData };
  const ciphertext = await cs.hpke.encryptAead(key, nonce, encodePrivateContentAAD(aad), plaintext);
  const senderData = { leafIndex, generation, reuseGuard };
  const { senderDataSecret } = state.keySchedule;
  const encryptedSenderData = await encryptSenderData(
    senderDataSecret,
    senderData,
    { groupId, epoch, contentType },
    ciphertext,
    cs,
  );
  const privateMessage = { ...aad, encryptedSenderData, ciphertext };
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
}

/** Returns the secret tree with one ratchet some generations further. */
async function ratcheted(
  { secretTree }: ClientState,
  leafIndex: number,
  type: "handshake" | "application",
  skipped: number,
  cs: CiphersuiteImpl,
) {
  const node = secretTree[2 * leafIndex]!;
  const config = {
    retainKeysForGenerations: 1,
    maximumForwardRatchetSteps: skipped,
    retainKeysForEpochs: 1,
  };
  const [ratchet] = await ratchetUntil(node[type], node[type].generation + skipped, config, cs.kdf);
  const tree = secretTree.slice();
  tree[2 * leafIndex] = { ...node, [type]: ratchet };
  return tree;
}

/** Returns a key package of a device, decoded. */
export async function added(device: TestDevice): Promise<KeyPackage> {
  const { publish } = await device.keyPackage();
  const [message] = decodeMlsMessage(publish, 0)!;
  if (message.wireformat !== "mls_key_package") throw new Error("not a key package");
  return message.keyPackage;
}

/** Returns a key package of a device whose leaf node was changed before it was signed. */
export async function signedAgain(
  device: TestDevice,
  change: (leaf: KeyPackage["leafNode"]) => KeyPackage["leafNode"],
): Promise<KeyPackage> {
  const made = await added(device);
  const { signature } = algorithmsOf(1, device.signer);
  const leafNode = await signLeafNodeKeyPackage(change(made.leafNode), none, signature);
  return signKeyPackage({ ...made, leafNode }, none, signature);
}

/** Returns a group info with any tree, signed by a member. The confirmation tag is that of the group's own tree. */
export async function hostileGroupInfo(
  group: Group,
  signer: Signer,
  tree: RatchetTree,
): Promise<Uint8Array> {
  const state = stateOf(group);
  const cs = algorithmsOf(group.suite, signer);
  const { publicKey } = await cs.hpke.deriveKeyPair(state.keySchedule.externalSecret);
  const extensionData = await cs.hpke.exportPublicKey(publicKey);
  const unsigned = {
    groupContext: { ...state.groupContext, treeHash: await treeHashRoot(tree, cs.hash) },
    extensions: [{ extensionType: "external_pub" as const, extensionData }],
    confirmationTag: state.confirmationTag,
    signer: state.privatePath.leafIndex,
  };
  const groupInfo = await signGroupInfo(unsigned, none, cs.signature);
  const message = { version: "mls10", wireformat: "mls_group_info", groupInfo } as const;
  return Uint8Array.of(...encodeMlsMessage(message), ...encodeRatchetTree(tree));
}
