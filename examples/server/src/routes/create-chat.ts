import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import { usernameKey } from "lacre";
import { CreateChat } from "lacre-api";
import { isMls } from "../database/members.js";
import type { User } from "../database/schema.js";
import { HttpError, quotaExceeded } from "../errors.js";
import type { Authenticated } from "../http/authenticated.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";
import { toSummary } from "./chat-summary.js";

/** `POST /chats`: creates a passphrase chat with a peer, or an MLS chat with invited users. */
export function addCreateRoute(routes: Hono<Authenticated>, services: Services): void {
  const { config, store, hub } = services;
  routes.post("/", async (context) => {
    const { user_id } = context.get("session");
    const body = await readBody(context, CreateChat);
    const { encryption_type, auto_delete_hours = null, suite } = body;
    const { salt = null, iterations = null, key_check = null } = body;
    const others = await findOthers(body.members ?? [body.peer_name!]);
    if (others.some(({ id }) => id === user_id)) {
      throw new HttpError(422, "ERR_CHAT_WITH_SELF", "you are a member anyway: name other users");
    }
    const chat = {
      encryption_type,
      auto_delete_hours,
      chat_uuid: randomUUID(),
      created_by: user_id,
      created_at: Date.now() / 1000,
    };
    const { maxOpenedChats } = config;
    const result = await store.transaction(async (inside) => {
      const [peer] = others as [User];
      const created =
        suite === undefined
          ? await inside.chats.create({ ...chat, salt, iterations, key_check, peer_id: peer.id })
          : await inside.chats.createMls({ ...chat, suite, invited: others.map(({ id }) => id) });
      // Report an existing chat first, also to a user at the quota, so that the client can find the chat.
      if (created === undefined) return undefined;
      if ((await inside.chats.countOpened(user_id, maxOpenedChats + 1)) > maxOpenedChats) {
        throw quotaExceeded(
          `you created ${maxOpenedChats} chats, which is the limit: use those, or let other users create a chat with you`,
        );
      }
      return { created, view: (await inside.chatsOfMember.find(created.id, user_id))! };
    });
    if (result === undefined) {
      throw new HttpError(
        409,
        "ERR_CHAT_EXISTS",
        "a chat with this user already exists: list it with GET /chats",
      );
    }
    // The invited users do not see an MLS chat until a commit adds them.
    if (!isMls(result.created)) hub.chatCreated(result.created);
    return answer(context, toSummary(result.view), 201);
  });

  /** @throws {HttpError} if a name has no user. */
  async function findOthers(names: readonly string[]): Promise<User[]> {
    const keys = new Set(names.map(usernameKey));
    const users = await store.users.listByKeys([...keys]);
    if (users.length === keys.size) return users;
    const found = new Set(users.map(({ username_key }) => username_key));
    const unknown = names.filter((name) => !found.has(usernameKey(name)));
    throw new HttpError(
      404,
      "ERR_USER_NOT_FOUND",
      "no user has this name: check its spelling",
      names.length > 1 ? { names: unknown } : undefined,
    );
  }
}
