import type { Hono } from "hono";
import { ClaimKeyPackages } from "lacre-api";
import { countClaims } from "../devices/claim-limits.js";
import { claimKeyPackages } from "../devices/key-packages.js";
import { chatNotFound } from "../errors.js";
import type { Authenticated } from "../http/authenticated.js";
import { claimLimit } from "../http/limits.js";
import { readChatId } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";

/** `POST /chats/{chat_id}/key-packages/claim`: key packages for devices that a member adds to a chat. */
export function addClaimRoute(routes: Hono<Authenticated>, services: Services): void {
  const { store } = services;
  const limitClaims = claimLimit(services);
  routes.post("/:chat_id/key-packages/claim", async (context) => {
    const session = context.get("session");
    const { user_ids, suite } = await readBody(context, ClaimKeyPackages);
    await limitClaims(context, session);
    const chat = await store.chats.find(readChatId(context), session.user_id);
    if (chat === undefined) throw chatNotFound();
    const users = [...new Set(user_ids)];
    const restricted = await countClaims(services, session.user_id, users);
    const claim = { user_ids: users, suite, restricted };
    return answer(context, { devices: await claimKeyPackages(store, session, claim) });
  });
}
