import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { builtCommand } from "./command.js";
import { referenceServer } from "./reference-server.js";

const { run: lacreContract } = builtCommand();

/** Registers users and creates chats on the reference server, in JavaScript for a program and for a module. */
const functions = `
  async function post(url, path, body, token) {
    const headers = { "content-type": "application/json", ...(token && { authorization: "Bearer " + token }) };
    const response = await fetch(new URL("." + path, url), { method: "POST", headers, body: JSON.stringify(body) });
    return response.json();
  }
  async function create(url, username) {
    const user = await post(url, "/auth/register", { username, password: "a password" });
    return { ...user, url: new URL("./ws?token=" + user.access_token, url).href.replace("http", "ws") };
  }
  async function createChat(url, creator, peer) {
    const body = { peer_name: peer.username, encryption_type: "lacre/e2e/1" };
    const { chat_id } = await post(url, "/chats", body, creator.access_token);
    await post(url, "/chats/" + chat_id + "/contact", { action: "accept" }, peer.access_token);
    return chat_id;
  }
  const name = () => "own-" + crypto.randomUUID().slice(0, 18);
`;
const module = `${functions}
  export default ({ url, WebSocket }) => ({
    create: async () => {
      const user = await create(url, name());
      return { ...user, connect: () => new WebSocket(user.url) };
    },
    createChat: (creator, peer) => createChat(url, creator, peer),
  });
`;
const program = `${functions}
  import { readFileSync, writeFileSync } from "node:fs";
  const [call, ...ids] = process.argv.slice(2);
  const url = process.env.LACRE_URL;
  const file = (id) => import.meta.dirname + "/user-" + id + ".json";
  const stored = (id) => JSON.parse(readFileSync(file(id), "utf8"));
  if (call === "create") {
    const user = await create(url, name());
    writeFileSync(file(user.user_id), JSON.stringify(user));
    console.log(JSON.stringify(user));
  } else {
    console.log(JSON.stringify({ chat_id: await createChat(url, ...ids.map(stored)) }));
  }
`;

describe("lacre-contract against a server with authentication of its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-contract-auth-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const url = referenceServer();
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ["--auth", () => file("auth.mjs", module)],
    ["--auth-command", () => `'${process.execPath}' '${file("auth-program.mjs", program)}'`],
  ])("runs the cases of part websocket with %s", async (option, value) => {
    const only = ["--only", "S-16", "--only", "S-13", "--only", "H-2"];
    const ran = await lacreContract(url(), option, value(), ...only);
    expect(ran.stdout).toContain("3 of 3 cases passed");
    expect(ran.code).toBe(0);
  });

  it.each([
    [["--auth", "missing.mjs"], "cannot load missing.mjs"],
    [["--auth", file("empty.mjs", "")], "has no default export that is a function"],
    [
      ["--auth", file("half.mjs", "export default () => ({ create() {} })")],
      "returns no function createChat",
    ],
    [["--auth", "one.mjs", "--auth-command", "two"], "cannot be used with"],
  ])("exits with 2 for %j", async (args, message) => {
    const { code, stderr } = await lacreContract(url(), ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it.each([
    ["false", "Command failed"],
    ["echo no json", "echo no json create printed no JSON: no json create"],
    ["echo '{}'; true", "users.create() to return a user_id from 1"],
  ])("reports what is wrong with the output of the command %s", async (command, message) => {
    const ran = await lacreContract(url(), "--auth-command", command, "--only", "S-16");
    expect(ran.stdout).toContain(message);
    expect(ran.code).toBe(1);
  });
});
