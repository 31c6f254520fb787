import { Client } from "../../harness/client/client.js";
import type { TestUser } from "../support.js";

/** Creates a client of the harness, which runs `lacre/session`, for one chat of a user. */
export function createSessionClient(user: TestUser, chat_id: number, url: string): Client {
  return new Client({
    account: { user_id: user.id, access_token: user.token, session_key: user.sessionKey },
    chats: [chat_id],
    urlOf: () => url,
    random: Math.random,
  });
}
