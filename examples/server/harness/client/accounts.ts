import { randomBytes } from "node:crypto";
import { AuthResponse, ChatSummary } from "lacre";

const PASSWORD = "correct horse battery";

export interface Account {
  readonly user_id: number;
  readonly username: string;
  readonly access_token: string;
  readonly session_key: Uint8Array;
}

/** Registers a user with a random name. */
export async function register(url: string): Promise<Account> {
  const username = `user-${randomBytes(8).toString("hex")}`;
  const body = await post(`${url}/auth/register`, { username, password: PASSWORD });
  const { user_id, access_token, session_key } = AuthResponse.parse(body);
  return { user_id: user_id!, username, access_token: access_token!, session_key: session_key! };
}

/** Logs a user of `register` in. */
export async function logIn(url: string, username: string): Promise<void> {
  await post(`${url}/auth/login`, { username, password: PASSWORD });
}

/** Creates a chat that the peer accepts, and returns its id. */
export async function createChat(url: string, creator: Account, peer: Account): Promise<number> {
  const body = {
    peer_name: peer.username,
    encryption_type: "lacre/e2e/1",
    salt: randomBytes(16).toString("base64"),
    iterations: 600_000,
    key_check: randomBytes(16).toString("base64"),
  };
  const chat = await post(`${url}/chats`, body, creator.access_token);
  const { chat_id } = ChatSummary.parse(chat);
  await post(`${url}/chats/${chat_id}/contact`, { action: "accept" }, peer.access_token);
  return chat_id;
}

async function post(url: string, body: unknown, token?: string): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`);
  }
  return answer;
}
