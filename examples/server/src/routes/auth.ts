import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { AuthRequest } from "lacre";
import { Refusal } from "../errors.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";
import { usernameKey } from "../username-key.js";

export function authRoutes({ store, passwords, sessions }: Services) {
  const routes = new Hono();

  routes.post("/register", async (context) => {
    const { username, password } = await readBody(context, AuthRequest);
    const user = await store.createUser({
      uuid: randomUUID(),
      username,
      username_key: usernameKey(username),
      hashed_password: await passwords.hash(password),
      created_at: Date.now() / 1000,
    });
    if (user === undefined) {
      throw new Refusal(409, "ERR_USERNAME_TAKEN", "this username is taken: choose another one");
    }
    return answer(context, await sessions.open(user), 201);
  });

  routes.post("/login", async (context) => {
    const { username, password } = await readBody(context, AuthRequest);
    const user = await store.findUserByKey(usernameKey(username));
    const isRight = await passwords.verify(user?.hashed_password, password);
    if (user === undefined || !isRight) {
      throw new Refusal(
        401,
        "ERR_WRONG_CREDENTIALS",
        "username or password is wrong: try again, or register first",
      );
    }
    return answer(context, await sessions.open(user));
  });

  return routes;
}
