import { Hono } from "hono";
import { usernameKey } from "lacre";
import { parameters } from "lacre-api";
import { HttpError } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { compressed } from "../http/compressed.js";
import { readInteger, readText, readUserId } from "../http/parameters.js";
import { answer } from "../json.js";
import type { Services } from "../services.js";

/** Entries of a device log in one answer. */
const ENTRIES_PER_PAGE = 128;

/** `/users`: the own account, the search for users, and their device logs. */
export function userRoutes(services: Services) {
  const { store } = services;
  const routes = new Hono<Authenticated>();
  routes.use(authenticated(services));

  routes.get("/me", async (context) => {
    const { id, uuid, username, created_at, last_login } = (await store.users.find(
      context.get("session").user_id,
    ))!;
    const user = { user_id: id, uuid, username, created_at };
    return answer(context, { ...user, ...(last_login !== null && { last_login }) });
  });

  routes.get("/search", compressed, async (context) => {
    const prefix = usernameKey(readText(context, parameters.namePrefix));
    const after = readText(context, parameters.afterUser);
    const limit = readInteger(context, parameters.userLimit)!;
    const found =
      prefix === "" ? [] : await store.users.search(prefix, { after, limit: limit + 1 });
    const page = found.slice(0, limit);
    const users = page.map(({ id, username }) => ({ user_id: id, username }));
    const next = found.length > limit ? page.at(-1)!.username_key : undefined;
    return answer(context, { users, ...(next !== undefined && { next }) });
  });

  routes.get("/:user_id/devices", compressed, async (context) => {
    const user_id = readUserId(context);
    const after = readInteger(context, parameters.afterEntry)!;
    if ((await store.users.find(user_id)) === undefined) {
      throw new HttpError(404, "ERR_USER_NOT_FOUND", "no user has this id");
    }
    const found = await store.devices.listEntries(user_id, { after, limit: ENTRIES_PER_PAGE });
    const last_seq = await store.devices.lastSeq(user_id);
    const has_more = (found.at(-1)?.seq ?? last_seq) < last_seq;
    const entries = found.map(({ entry }) => entry);
    return answer(context, { user_id, entries, last_seq, has_more });
  });

  return routes;
}
