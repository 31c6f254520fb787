import { Hono } from "hono";
import { usernameKey } from "lacre";
import { parameters } from "lacre-api";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { compressed } from "../http/compressed.js";
import { readInteger, readText } from "../http/parameters.js";
import { answer } from "../json.js";
import type { Services } from "../services.js";

/** `/users`: the own account, and the search for users. */
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

  return routes;
}
