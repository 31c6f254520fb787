import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { AuthRequest } from "lacre";
import { Refusal } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { RefreshRequest } from "../http/bodies.js";
import { readUsername, usernameKey } from "../identity/usernames.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";

export function authRoutes(services: Services) {
  const { store, passwords, sessions } = services;
  const routes = new Hono<Authenticated>();

  routes.post("/register", async (context) => {
    const { username: wanted, password, device_id } = await readBody(context, AuthRequest);
    const { looks, ...name } = readUsername(wanted);
    const hashed_password = await passwords.hash(password);
    const created_at = Date.now() / 1000;
    const user = await store.createUser(
      { uuid: randomUUID(), ...name, hashed_password, created_at },
      looks,
    );
    if (user === undefined) {
      throw new Refusal(
        409,
        "ERR_USERNAME_TAKEN",
        "this username is taken, or looks like one that is: choose another one",
      );
    }
    return answer(context, await sessions.open(user, device_id), 201);
  });

  routes.post("/login", async (context) => {
    const { username, password, device_id } = await readBody(context, AuthRequest);
    const found = await store.findUserByKey(usernameKey(username));
    const user = found?.is_active === 1 ? found : undefined;
    const isRight = await passwords.verify(user?.hashed_password, password);
    if (user === undefined || !isRight) {
      throw new Refusal(
        401,
        "ERR_WRONG_CREDENTIALS",
        "username or password is wrong: try again, or register first",
      );
    }
    return answer(context, await sessions.open(user, device_id));
  });

  routes.post("/refresh", async (context) => {
    const { refresh_token } = await readBody(context, RefreshRequest);
    return answer(context, await sessions.refresh(refresh_token));
  });

  routes.post("/logout", authenticated(services), async (context) => {
    await sessions.revoke(context.get("session").session_id);
    return context.body(null, 204);
  });

  routes.post("/ws-ticket", authenticated(services), async (context) =>
    answer(context, await sessions.createTicket(context.get("session"))),
  );

  return routes;
}
