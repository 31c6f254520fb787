import type { ChatSummary } from "lacre";
import type { ChatOfMember } from "../database/chats-of-member.js";
import { hasBlocked, isAccepted } from "../database/contacts.js";
import { expiredUntil } from "../database/expiry.js";
import { namedMembers } from "../database/named-members.js";

/** Builds the entry of `chat_list` for a chat as one of its members sees it. */
export function toSummary(chat: ChatOfMember): ChatSummary {
  const { id, peer_id, peer_name, encryption_type, last_seq, unread } = chat;
  const { auto_delete_hours, salt, iterations, key_check } = chat;
  const until = expiredUntil(chat, Date.now() / 1000);
  const { auto_delete_set_by, auto_delete_set_at, auto_delete_set_after } = chat;
  const { suite, epoch, named_members } = chat;
  const isSet = auto_delete_set_by !== null;
  const isRequest = !isAccepted(chat);
  return {
    chat_id: id,
    peer_id,
    peer_name,
    encryption_type,
    last_seq,
    unread,
    ...(auto_delete_hours !== null && { auto_delete_hours }),
    ...(salt !== null && { salt }),
    ...(iterations !== null && { iterations }),
    ...(key_check !== null && { key_check }),
    ...(until > 0 && { expired_until: until }),
    ...(isRequest && { request: chat.created_by === peer_id ? "incoming" : "outgoing" }),
    ...(hasBlocked(chat, chat.user_id) && { is_blocked: true }),
    ...(suite !== null && { suite, epoch: epoch!, members: namedMembers(named_members!) }),
    ...(isSet && {
      auto_delete_change: {
        user_id: auto_delete_set_by,
        changed_at: auto_delete_set_at!,
        after: auto_delete_set_after!,
      },
    }),
  };
}
