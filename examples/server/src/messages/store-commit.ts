import { messageDigest } from "lacre/server";
import { MAX_MEMBERS } from "lacre-api";
import { type Chat, isMls, memberIds, memberOf } from "../database/members.js";
import type { Store } from "../database/store.js";
import { HttpError, notAMember } from "../errors.js";
import { epochRejection, type MlsMessage, notOwnDevice } from "./mls-message.js";
import { repeated, type StoredInChat } from "./store-messages.js";

/** A commit as its sender requests it. */
export interface CommitToStore {
  readonly message: MlsMessage;
  readonly add: readonly number[];
  readonly remove: readonly number[];
  readonly invitation?:
    | { readonly device_ids: readonly string[]; readonly content: Uint8Array }
    | undefined;
  readonly group_info: Uint8Array;
}

/** A stored commit, and the users to whom it is delivered: the members before and after it. */
export interface StoredCommit extends StoredInChat {
  readonly recipients: readonly number[];
}

/**
 * Stores a commit of an MLS chat, with all that it changes on the server, in one transaction. If the client repeats a commit, it is
 * found and changes nothing. The commit is on disk when the promise resolves.
 *
 * @throws {HttpError} if the commit is not accepted.
 */
export async function storeCommit(store: Store, commit: CommitToStore): Promise<StoredCommit> {
  const { message, add, remove, invitation, group_info } = commit;
  const { chat_id, sender_id, client_id, epoch, device } = message;
  const digest = messageDigest(message);
  const now = Date.now() / 1000;
  return store.transaction(async (inside) => {
    const { chats, facts } = await inside.appends.read([message]);
    const chat = chats.get(chat_id);
    if (chat === undefined || !memberIds(chat).includes(sender_id)) throw notAMember();
    if (!isMls(chat)) {
      throw new HttpError(422, "ERR_UNSUPPORTED", "the chat has a passphrase: it has no commits");
    }
    const { sent, isOwnDevice } = facts[0]!;
    // A repeated commit is acknowledged again, whatever the epoch is by now.
    if (sent !== undefined) {
      const outcome = repeated(chat, sent, digest);
      if (outcome instanceof HttpError) throw outcome;
      return { ...outcome, recipients: [] };
    }
    const conflict = epochRejection(chat, message);
    if (conflict !== undefined) throw conflict;
    if (!isOwnDevice) throw notOwnDevice();
    await assertMayChange(inside, chat, commit);
    const seq = chat.last_seq + 1;
    const [id] = await inside.appends.add([
      {
        ...{ chat_id, sender_id, seq, client_id, digest, stored_at: now },
        ...{ encrypted_content: message.content, nonce: message.nonce },
        ...{ timestamp: message.timestamp, epoch, device, content_type: "commit" },
      },
    ]);
    await inside.commits.addMembers(chat_id, add, { seq, now });
    await inside.commits.removeMembers(chat_id, remove);
    await inside.commits.advance(chat_id, epoch + 1, group_info);
    if (invitation !== undefined) await invite(inside, chat_id, invitation, now);
    const recipients = [...new Set([...memberIds(chat), ...add])];
    const stored = { id: id!, seq, stored_at: now };
    return { chat, stored, isNew: true, isAccepting: false, recipients };
  });
}

/** Checks that the sender may change the members so. @throws {HttpError} if not. */
async function assertMayChange(
  inside: Store,
  chat: Chat,
  { message, add, remove }: CommitToStore,
): Promise<void> {
  const { sender_id, epoch } = message;
  const members = memberIds(chat);
  const invalid = (text: string) => new HttpError(422, "ERR_VALIDATION", text);
  if (add.some((id) => members.includes(id))) throw invalid("add must not name members");
  if (remove.some((id) => !members.includes(id))) throw invalid("remove must name members");
  if (remove.includes(sender_id))
    throw invalid("remove must not name the sender: propose to leave");
  if (members.length + add.length - remove.length > MAX_MEMBERS) {
    throw invalid(`a chat has at most ${MAX_MEMBERS} members`);
  }
  const isAdmin = memberOf(chat, sender_id).role === "admin";
  const leaving =
    isAdmin || remove.length === 0 ? [] : await inside.commits.listLeaving(chat.id, epoch, remove);
  if (!isAdmin && (add.length > 0 || leaving.length < remove.length)) {
    throw new HttpError(
      403,
      "ERR_FORBIDDEN",
      "only admins of the chat add members, and remove those who did not propose to leave",
    );
  }
  if (add.length === 0) return;
  const addable = await inside.commits.listAddable(sender_id, add);
  const refused = add.filter((id) => !addable.includes(id));
  if (refused.length === 0) return;
  throw new HttpError(
    403,
    "ERR_NOT_ACCEPTED",
    "some users do not exist, or accept nothing from you: add the others only",
    { user_ids: refused },
  );
}

async function invite(
  inside: Store,
  chat_id: number,
  { device_ids, content }: NonNullable<CommitToStore["invitation"]>,
  now: number,
): Promise<void> {
  const devices = await inside.commits.listDevices(chat_id, device_ids);
  if (devices.length !== device_ids.length) {
    throw new HttpError(
      422,
      "ERR_VALIDATION",
      "invitation.device_ids must be devices in the logs of members",
    );
  }
  await inside.commits.invite(chat_id, devices, { content, now });
}
