// The messages that a device makes, other than commits.
import { type BodyRules, encodeBody } from "../e2e/body.js";
import type { NewContent } from "../e2e/content.js";
import { DecodeError, ValidationError } from "../errors.js";
import { MAX_CONTENT_BYTES } from "../limits.js";
import type { ChatMessage } from "../messages/chat.js";
import { mlsMessageAad } from "../messages/chat-message-aad.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import {
  chatOf,
  isRejoining,
  messageOf,
  REJOIN_PENDING,
  requireActive,
  requireNoPending,
} from "./chat-commits.js";
import type { ChatState } from "./chat-state.js";
import type { MessageIdentity } from "./chat-types.js";
import type { Device } from "./device.js";
import { MlsChatError } from "./errors.js";
import { signerOf } from "./signers.js";

interface Sent {
  readonly state: ChatState;
  readonly message: ChatMessage;
}

/** Encrypts a content. @throws {ValidationError} if it is invalid or too long. @throws {MlsChatError} if the chat is not active. */
export async function encryptContent<Definition extends AnyContentDefinition>(
  device: Device,
  state: ChatState,
  content: NewContent<Definition>,
  identity: MessageIdentity,
  rules: BodyRules<Definition>,
): Promise<Sent> {
  requireConfirmed(state);
  if (state.isStale) {
    const message = "the group has a device that its user has removed: commit that first";
    throw new MlsChatError("ERR_COMMIT_PENDING", message);
  }
  if (state.group.proposedRemovals.length > 0) {
    const message = "a user leaves: commit that, or wait until another device has committed it";
    throw new MlsChatError("ERR_COMMIT_PENDING", message);
  }
  const data = await encodeBody(content, rules, identity.timestamp);
  const aad = aadOf(device, state, identity);
  const step = await state.group.encrypt(signerOf(device), data, aad).catch((error: unknown) => {
    if (!(error instanceof DecodeError)) throw error;
    const limit = `has more than ${MAX_CONTENT_BYTES} bytes encrypted`;
    throw new ValidationError("message", [{ path: ["content"], message: limit }]);
  });
  const message = messageOf(device, state.group, step.message, identity);
  return { state: { ...state, group: step.group, sent: state.sent + 1 }, message };
}

/** Proposes to remove this device, because its user leaves. @throws {MlsChatError} if the chat is not active, or a commit is pending. */
export async function proposeLeaving(
  device: Device,
  state: ChatState,
  identity: MessageIdentity,
): Promise<Sent> {
  requireConfirmed(state);
  // The commit would end the epoch in which the proposal counts.
  requireNoPending(state);
  const { group } = state;
  const aad = aadOf(device, state, identity);
  const step = await group.propose(signerOf(device), group.ownLeaf.index, aad);
  const message = messageOf(device, group, step.message, identity);
  return {
    state: { ...state, group: step.group },
    message: { ...message, content_type: "proposal" },
  };
}

function requireConfirmed(state: ChatState): void {
  requireActive(state.group);
  if (!isRejoining(state)) return;
  throw new MlsChatError("ERR_NOT_IN_GROUP", REJOIN_PENDING);
}

/** Returns the authenticated data of a message of this device. Its fields are valid: the callers check them. */
function aadOf(device: Device, { group }: ChatState, identity: MessageIdentity): Uint8Array {
  return mlsMessageAad({ chat_id: chatOf(group), sender_id: device.user_id, ...identity })!;
}
