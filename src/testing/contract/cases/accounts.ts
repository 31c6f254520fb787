import { CLOSE } from "../../../connection/close-codes.js";
import { httpCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import { randomUuid } from "../fixture.js";
import type { HttpFixture } from "../http-fixture.js";

function register(fixture: HttpFixture, body: unknown, status: number) {
  return fixture.expectError("POST", "/auth/register", status, { body });
}

/** Accounts, sessions and tickets (docs/PROTOCOL.md, section 12, H-1 to H-6). */
export const accounts = [
  httpCase("H-2", "registers a user and logs them in", async (fixture) => {
    const username = fixture.username();
    const options = { body: { username, password: fixture.password } };
    const { body } = await fixture.expectStatus("POST", "/auth/register", 201, options);
    checkSame("success", body.success, true);
    const user = fixture.userOf(body);
    checkSame("username", user.name, username);
    checkSame("the length of session_key", user.sessionKey.length, 32);
  }),
  httpCase("H-3", "names the user of a token at /users/me", async (fixture) => {
    const { id, name, token } = await fixture.user();
    const { body } = await fixture.expectStatus("GET", "/users/me", 200, { token });
    checkSame("user_id", body?.user_id, id);
    checkSame("username", body?.username, name);
  }),
  httpCase("H-2", "rejects a username that is taken", async (fixture) => {
    const { name: username } = await fixture.user();
    await register(fixture, { username, password: "another one" }, 409);
  }),
  httpCase(
    "H-1",
    "rejects a body that is invalid or not JSON",
    async (fixture) => {
      const [username, password] = [fixture.username(), fixture.password];
      const invalidValues = [
        { username, password: "short" },
        { username: "ab", password },
        { username: "not a name!", password },
        { username: "_-_", password },
        { username },
        {},
        [],
      ];
      for (const body of invalidValues) {
        checkSame(
          `error_code for ${JSON.stringify(body)}`,
          await register(fixture, body, 422),
          "ERR_VALIDATION",
        );
      }
      await register(fixture, "{", 400);
    },
    { dependsOn: ["registers a user and logs them in"] },
  ),
  httpCase("H-2", "logs the same user in to a new session", async (fixture) => {
    const alice = await fixture.user();
    const again = await fixture.loginAgain(alice);
    checkSame("user_id", again.id, alice.id);
    check(
      String(again.sessionKey) !== String(alice.sessionKey),
      "a session_key of its own",
      "the same",
    );
  }),
  httpCase("H-2", "rejects a wrong password like an unknown username", async (fixture) => {
    const { name } = await fixture.user();
    const login = async (username: string, password: string) => {
      const { body } = await fixture.expectStatus("POST", "/auth/login", 401, {
        body: { username, password },
      });
      return [body?.error_code, body?.error_message];
    };
    const wrong = await login(name, "another password");
    checkSame("the rejection", await login(fixture.username(), fixture.password), wrong);
  }),
  httpCase("H-3", "rejects requests without a valid token", async (fixture) => {
    const { token } = await fixture.user();
    const forged = `${token.slice(0, -4)}${token.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
    for (const one of [undefined, "", "nonsense", forged]) {
      for (const path of [
        "/users/me",
        "/chats",
        "/chats/1",
        "/chats/1/messages",
        "/users/search?q=a",
      ]) {
        await fixture.expectError("GET", path, 401, { token: one });
      }
      await fixture.expectError("POST", "/auth/ws-ticket", 401, { token: one });
    }
  }),
  httpCase("H-3", "rejects a refresh token as an access token", async (fixture) => {
    const { refreshToken } = await fixture.user();
    await fixture.expectError("GET", "/users/me", 401, { token: refreshToken });
  }),
  httpCase("H-3", "ends only the session that logs out", async (fixture) => {
    const alice = await fixture.user();
    const again = await fixture.loginAgain(alice);
    await fixture.expectStatus("POST", "/auth/logout", 204, { token: alice.token });
    await fixture.expectError("GET", "/users/me", 401, { token: alice.token });
    const body = { refresh_token: alice.refreshToken };
    await fixture.expectError("POST", "/auth/refresh", 401, { body });
    await fixture.expectStatus("GET", "/users/me", 200, { token: again.token });
  }),
  httpCase(
    "H-3",
    "closes the connections of a session that ends",
    async (fixture) => {
      const alice = await fixture.user();
      const again = await fixture.loginAgain(alice);
      const [ended, other] = [await fixture.connect(alice), await fixture.connect(again)];
      await fixture.expectStatus("POST", "/auth/logout", 204, { token: alice.token });
      await ended.expectClose(CLOSE.notAuthorised);
      await other.expectNothing();
    },
    { dependsOn: ["ends only the session that logs out"] },
  ),
  httpCase(
    "H-4",
    "exchanges a refresh token for new tokens of the same session",
    async (fixture) => {
      const alice = await fixture.user();
      const body = { refresh_token: alice.refreshToken };
      const next = fixture.userOf(
        (await fixture.expectStatus("POST", "/auth/refresh", 200, { body })).body,
      );
      checkSame("user_id", next.id, alice.id);
      check(
        String(next.sessionKey) === String(alice.sessionKey),
        "the session's key",
        "another one",
      );
      await fixture.expectStatus("GET", "/users/me", 200, { token: next.token });
    },
  ),
  httpCase(
    "H-4",
    "ends the session when a refresh token is used again",
    async (fixture) => {
      const { refreshToken } = await fixture.user();
      const options = { body: { refresh_token: refreshToken } };
      const next = fixture.userOf(
        (await fixture.expectStatus("POST", "/auth/refresh", 200, options)).body,
      );
      await fixture.expectError("POST", "/auth/refresh", 401, options);
      await fixture.expectError("GET", "/users/me", 401, { token: next.token });
    },
    { dependsOn: ["ends only the session that logs out"] },
  ),
  httpCase(
    "H-4",
    "lets the device of a login repeat a refresh",
    async (fixture) => {
      const device_id = randomUuid();
      const { name: username } = await fixture.user();
      const credentials = { username, password: fixture.password, device_id };
      const login = await fixture.expectStatus("POST", "/auth/login", 200, { body: credentials });
      const refresh_token = fixture.userOf(login.body).refreshToken;
      const options = { body: { refresh_token, device_id } };
      await fixture.expectStatus("POST", "/auth/refresh", 200, options);
      const again = fixture.userOf(
        (await fixture.expectStatus("POST", "/auth/refresh", 200, options)).body,
      );
      await fixture.expectStatus("GET", "/users/me", 200, { token: again.token });
      await fixture.expectError("POST", "/auth/refresh", 401, { body: { refresh_token } });
      await fixture.expectError("GET", "/users/me", 401, { token: again.token });
    },
    { dependsOn: ["ends the session when a refresh token is used again"] },
  ),
  httpCase("H-5", "opens one WebSocket with a ticket", async (fixture) => {
    const alice = await fixture.user();
    const path = `/ws?ticket=${encodeURIComponent(await fixture.ticket(alice))}`;
    const first = fixture.openAt(path, alice);
    check(await first.opens(), "the WebSocket to open", "its end");
    await fixture.handshake(first);
    check(!(await fixture.openAt(path, alice).opens()), "no second WebSocket", "another one");
  }),
  httpCase(
    "H-5",
    "opens a WebSocket with an access token, and not without a valid credential",
    async (fixture) => {
      const alice = await fixture.user();
      const first = fixture.openAt(`/ws?token=${encodeURIComponent(alice.token)}`, alice);
      check(await first.opens(), "the WebSocket to open", "its end");
      await fixture.handshake(first);
      for (const path of ["/ws", "/ws?token=nonsense", "/ws?ticket=nonsense"]) {
        check(!(await fixture.openAt(path, alice).opens()), "no WebSocket", `one at ${path}`);
      }
    },
    { dependsOn: ["opens one WebSocket with a ticket"] },
  ),
  httpCase("H-6", "finds a user by the beginning of the username", async (fixture) => {
    const [alice, { token }] = [await fixture.user(), await fixture.user()];
    const beginning = encodeURIComponent([...alice.name].slice(0, -1).join(""));
    const { body } = await fixture.expectStatus("GET", `/users/search?q=${beginning}`, 200, {
      token,
    });
    const found = body?.users?.find(({ user_id }: { user_id: number }) => user_id === alice.id);
    checkSame("whom it finds", found?.username, alice.name);
  }),
];
