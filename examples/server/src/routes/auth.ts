import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { AuthRequest, preparePassword, usernameKey } from "lacre";
import { RefreshRequest } from "lacre-api";
import type { User } from "../database/schema.js";
import { HttpError } from "../errors.js";
import { type Authenticated, identified } from "../http/authenticated.js";
import { addressLimit, sessionLimit } from "../http/limits.js";
import { assertAllowedOrigin } from "../http/origins.js";
import { passwordLimits } from "../http/password-limits.js";
import type { Origin } from "../identity/fair-queue.js";
import { isHashable } from "../identity/passwords.js";
import { readUsername } from "../identity/usernames.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";

/** `/auth`: registration, login, refresh, logout and WebSocket tickets. */
export function authRoutes(services: Services) {
  const { store, passwords, sessions } = services;
  const routes = new Hono<Authenticated>();
  const limits = passwordLimits(services);
  for (const path of ["/register", "/login", "/refresh"]) routes.use(path, addressLimit(services));

  routes.post("/register", async (context) => {
    const body = await readBody(context, AuthRequest);
    // Validate again: the prepared password may be too short.
    const password = preparePassword(body.password);
    const { username, device_id } = AuthRequest.parse({ ...body, password });
    const { looks, ...names } = readUsername(username);
    const hashed_password = await passwords.hash(password, await limits.registration(context));
    const created_at = Date.now() / 1000;
    const user = await store.users.create(
      { uuid: randomUUID(), ...names, hashed_password, created_at },
      looks,
    );
    if (user === undefined) {
      throw new HttpError(
        409,
        "ERR_USERNAME_TAKEN",
        "this username is taken, or looks like a taken one: choose another one",
      );
    }
    return answer(context, await sessions.open(user, device_id), 201);
  });

  routes.post("/login", async (context) => {
    const { username, password, device_id } = await readBody(context, AuthRequest);
    // No device has an empty id, so a login without a device is never from a known one.
    const found = await store.users.findLogin(usernameKey(username), device_id ?? "");
    const { origin, succeeded } = await limits.login(
      context,
      username,
      found?.isKnownDevice ? device_id : undefined,
    );
    const user = found?.is_active === 1 ? found : undefined;
    const form = await passwords.verify(user?.hashed_password, password, origin);
    if (user === undefined || form === undefined) {
      throw new HttpError(
        401,
        "ERR_WRONG_CREDENTIALS",
        "wrong username or password: try again, or register first",
      );
    }
    await succeeded();
    if (form === "raw") await rehash(user, { username, password }, origin);
    return answer(context, await sessions.open(user, device_id));
  });

  /** Replaces the hash of a raw password, from an earlier version, with that of the prepared password. */
  async function rehash(
    user: User,
    { username, password: raw }: AuthRequest,
    origin: Origin,
  ): Promise<void> {
    const password = preparePassword(raw);
    const isPassword = AuthRequest.safeParse({ username, password }).success;
    if (!isPassword || !isHashable(password)) return;
    const hashed = await passwords.hash(password, origin);
    await store.users.replacePasswordHash(user.id, user.hashed_password, hashed);
  }

  routes.post("/refresh", async (context) => {
    const { refresh_token, device_id } = await readBody(context, RefreshRequest);
    return answer(context, await sessions.refresh(refresh_token, device_id));
  });

  // Not rate limited, so that an attacker with a stolen token cannot prevent the user from ending the session.
  routes.post("/logout", identified(services), async (context) => {
    await sessions.revoke(context.get("session").session_id);
    return context.body(null, 204);
  });

  const limitSession = sessionLimit(services);
  routes.post("/ws-ticket", identified(services), async (context) => {
    const session = context.get("session");
    await limitSession(context, session);
    assertAllowedOrigin(context, services);
    return answer(context, await sessions.createTicket(session));
  });

  return routes;
}
