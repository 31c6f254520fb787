import { CLOSE } from "../../../session/close-codes.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";
import type { Stage } from "../stage.js";

function register(stage: Stage, body: unknown, status: number) {
  return stage.refused("POST", "/auth/register", status, { body });
}

/** Accounts, sessions and tickets (section 12, H-1 to H-6). */
export const accounts = [
  contractCase("H-2", "who registers is in, as the user of that name", async (stage) => {
    const username = stage.username();
    const asked = { body: { username, password: stage.password } };
    const { body } = await stage.granted("POST", "/auth/register", 201, asked);
    checkSame("success", body.success, true);
    const user = stage.userOf(body);
    checkSame("username", user.name, username);
    checkSame("the length of session_key", user.sessionKey.length, 32);
    const me = await stage.granted("GET", "/users/me", 200, { token: user.token });
    checkSame("user_id of /users/me", me.body?.user_id, user.id);
    checkSame("username of /users/me", me.body?.username, username);
  }),
  contractCase("H-2", "a name is given once", async (stage) => {
    const { name: username } = await stage.user();
    await register(stage, { username, password: "another one" }, 409);
  }),
  contractCase("H-1", "a body that does not fit, or is no JSON, is refused", async (stage) => {
    const [username, password] = [stage.username(), stage.password];
    const misfits = [
      { username, password: "short" },
      { username: "ab", password },
      { username: "not a name!", password },
      { username: "_-_", password },
      { username },
      {},
      [],
    ];
    for (const body of misfits) {
      checkSame(
        `error_code for ${JSON.stringify(body)}`,
        await register(stage, body, 422),
        "ERR_VALIDATION",
      );
    }
    await register(stage, "{", 400);
  }),
  contractCase("H-2", "who logs in is the same user, in another session", async (stage) => {
    const alice = await stage.user();
    const again = await stage.loginAgain(alice);
    checkSame("user_id", again.id, alice.id);
    check(
      String(again.sessionKey) !== String(alice.sessionKey),
      "a session_key of its own",
      "the same",
    );
  }),
  contractCase("H-2", "a wrong password is refused as a name that nobody has is", async (stage) => {
    const { name } = await stage.user();
    const login = async (username: string, password: string) => {
      const { body } = await stage.granted("POST", "/auth/login", 401, {
        body: { username, password },
      });
      return [body?.error_code, body?.error_message];
    };
    const wrong = await login(name, "another password");
    checkSame("the refusal", await login(stage.username(), stage.password), wrong);
  }),
  contractCase("H-3", "without a token of the server's nothing is answered", async (stage) => {
    const { token } = await stage.user();
    const forged = `${token.slice(0, -4)}${token.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
    for (const one of [undefined, "", "nonsense", forged]) {
      for (const path of [
        "/users/me",
        "/chats",
        "/chats/1",
        "/chats/1/messages",
        "/users/search?q=a",
      ]) {
        await stage.refused("GET", path, 401, { token: one });
      }
      await stage.refused("POST", "/auth/ws-ticket", 401, { token: one });
    }
  }),
  contractCase("H-3", "a refresh token is no access token", async (stage) => {
    const { refreshToken } = await stage.user();
    await stage.refused("GET", "/users/me", 401, { token: refreshToken });
  }),
  contractCase("H-3", "who logs out is out, and nobody else is", async (stage) => {
    const alice = await stage.user();
    const again = await stage.loginAgain(alice);
    await stage.granted("POST", "/auth/logout", 204, { token: alice.token });
    await stage.refused("GET", "/users/me", 401, { token: alice.token });
    const body = { refresh_token: alice.refreshToken };
    await stage.refused("POST", "/auth/refresh", 401, { body });
    await stage.granted("GET", "/users/me", 200, { token: again.token });
  }),
  contractCase("H-3", "a session's connections end with it", async (stage) => {
    const alice = await stage.user();
    const again = await stage.loginAgain(alice);
    const [ended, other] = [await stage.connect(alice), await stage.connect(again)];
    await stage.granted("POST", "/auth/logout", 204, { token: alice.token });
    await ended.closes(CLOSE.notAuthorised);
    await other.isQuiet();
  }),
  contractCase("H-4", "a refresh token gives new tokens of the same session", async (stage) => {
    const alice = await stage.user();
    const body = { refresh_token: alice.refreshToken };
    const next = stage.userOf((await stage.granted("POST", "/auth/refresh", 200, { body })).body);
    checkSame("user_id", next.id, alice.id);
    check(String(next.sessionKey) === String(alice.sessionKey), "the session's key", "another one");
    await stage.granted("GET", "/users/me", 200, { token: next.token });
  }),
  contractCase("H-4", "a refresh token that comes again ends its session", async (stage) => {
    const { refreshToken } = await stage.user();
    const asked = { body: { refresh_token: refreshToken } };
    const next = stage.userOf((await stage.granted("POST", "/auth/refresh", 200, asked)).body);
    await stage.refused("POST", "/auth/refresh", 401, asked);
    await stage.refused("GET", "/users/me", 401, { token: next.token });
  }),
  contractCase("H-5", "a ticket opens one WebSocket", async (stage) => {
    const alice = await stage.user();
    const path = `/ws?ticket=${encodeURIComponent(await stage.ticket(alice))}`;
    const first = stage.dialAt(path, alice);
    check(await first.opens(), "the WebSocket to open", "its end");
    await first.greet();
    check(!(await stage.dialAt(path, alice).opens()), "no second WebSocket", "another one");
  }),
  contractCase("H-5", "a token opens a WebSocket, and nothing else does", async (stage) => {
    const alice = await stage.user();
    const first = stage.dialAt(`/ws?token=${encodeURIComponent(alice.token)}`, alice);
    check(await first.opens(), "the WebSocket to open", "its end");
    await first.greet();
    for (const path of ["/ws", "/ws?token=nonsense", "/ws?ticket=nonsense"]) {
      check(!(await stage.dialAt(path, alice).opens()), "no WebSocket", `one at ${path}`);
    }
  }),
  contractCase("H-6", "a user is found by the beginning of the name", async (stage) => {
    const [alice, { token }] = [await stage.user(), await stage.user()];
    const beginning = encodeURIComponent([...alice.name].slice(0, -1).join(""));
    const { body } = await stage.granted("GET", `/users/search?q=${beginning}`, 200, { token });
    const found = body?.users?.find(({ user_id }: { user_id: number }) => user_id === alice.id);
    checkSame("whom it finds", found?.username, alice.name);
  }),
];
