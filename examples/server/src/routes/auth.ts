import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { AuthRequest } from "lacre";
import { Refusal } from "../errors.js";
import { readUsername, usernameKey } from "../identity/usernames.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";

export function authRoutes({ store, passwords, sessions }: Services) {
  const routes = new Hono();

  routes.post("/register", async (context) => {
    const { username: wanted, password } = await readBody(context, AuthRequest);
    const { looks, ...name } = readUsername(wanted);
    const hashed_password = await passwords.hash(password);
    const created_at = Date.now() / 1000;
    const user = await store.createUser(
      { uuid: randomUUID(), ...name, hashed_password, created_at },
      looks,
    );
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
