// All that src/mls uses of ts-mls and hpke. The build bundles this file with them, so that neither is a dependency of the package.
export {
  type AEAD,
  CipherSuite,
  concat,
  encode,
  I2OSP,
  type KDF,
  type KEM,
  type Key,
  LabeledDerive,
  LabeledExpand,
  LabeledExtract,
} from "hpke";
export type { AuthenticatedContent } from "ts-mls/authenticatedContent.js";
export {
  addHistoricalReceiverData,
  applyProposals,
  type ClientState,
  createGroup,
  decodeGroupState,
  encodeGroupState,
  joinGroupWithExtensions,
  makePskIndex,
  processProposal,
} from "ts-mls/clientState.js";
export {
  createCommit,
  createGroupInfoWithExternalPub,
  joinGroupExternal,
} from "ts-mls/createCommit.js";
export { createApplicationMessage, createProposal } from "ts-mls/createMessage.js";
export { type CiphersuiteImpl, ciphersuites } from "ts-mls/crypto/ciphersuite.js";
export { deriveSecret } from "ts-mls/crypto/kdf.js";
export { type Extension, extensionsSupportedByCapabilities } from "ts-mls/extension.js";
export { ratchetTreeFromExtension } from "ts-mls/groupInfo.js";
export {
  generateKeyPackageWithKey,
  type KeyPackage,
  makeKeyPackageRef,
  verifyKeyPackage,
} from "ts-mls/keyPackage.js";
export { defaultKeyPackageEqualityConfig } from "ts-mls/keyPackageEqualityConfig.js";
export { type LeafNode, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
export { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js";
export { unprotectPrivateMessage } from "ts-mls/messageProtection.js";
export { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
export type { PrivateMessage } from "ts-mls/privateMessage.js";
export {
  type ProcessMessageResult,
  processPrivateMessage,
  processPublicMessage,
} from "ts-mls/processMessages.js";
export type { Proposal } from "ts-mls/proposal.js";
export type { ProposalOrRef } from "ts-mls/proposalOrRefType.js";
export { accumulatePskSecret } from "ts-mls/pskIndex.js";
export { decodeRatchetTree, encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
export { consumeRatchet, deriveKey, deriveNonce } from "ts-mls/secretTree.js";
export { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
export { base64ToBytes, bytesToBase64 } from "ts-mls/util/byteArray.js";
export { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
