import type { ChatSummary } from "lacre";
import { ClaimedKeyPackages, ClaimKeyPackages } from "lacre-api";
import type { Api } from "./api.js";

const HYBRID = 0xf00d;

/**
 * Creates an MLS chat, without its group: with the suite of X25519 and ML-KEM-768 if all devices of the members have key packages
 * for it, otherwise with suite 1. Pass its `suiteOf` to `MlsChats.create`.
 *
 * @param members - Names of the other members.
 * @throws what the methods of `Api` throw.
 */
export async function createMlsChat(api: Api, members: readonly string[]): Promise<ChatSummary> {
  const create = (suite: 1 | typeof HYBRID) =>
    api.createChat({ members: [...members], encryption_type: "MLS", suite });
  const chat = await create(HYBRID);
  const path = `/chats/${chat.chat_id}/key-packages/claim` as const;
  const user_ids = chat.members!.map(({ user_id }) => user_id);
  const body = ClaimKeyPackages.parse({ user_ids, suite: HYBRID });
  const { devices } = await api.read(ClaimedKeyPackages, { method: "POST", path, body });
  // A chat without a group is in no list, and its suite cannot be changed.
  return devices.some(({ key_package }) => key_package === undefined) ? create(1) : chat;
}

/** Returns the suite of an MLS chat, for `MlsChats.create`. */
export function suiteOf({ suite }: ChatSummary): 1 | typeof HYBRID {
  return suite === 1 ? 1 : HYBRID;
}
