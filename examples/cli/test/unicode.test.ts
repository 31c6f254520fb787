import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { outcomeOf, startProgram } from "./program.js";
import { hasTmux, TmuxTerminal } from "./tmux.js";

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "lacre-unicode-test-"));
const pathOf = (name: string) => join(folder, name);
const latin1 = (text: string) => Buffer.from(text, "latin1");
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");

const PASSWORD = "contraseña larga";
const PASSPHRASE = "café con leche";

beforeAll(async () => {
  await server.start();
  writeFileSync(pathOf("password"), `${PASSWORD}\n`);
  writeFileSync(pathOf("passphrase"), `${PASSPHRASE}\n`);
  await run("ana", ["register", "ana"]);
  await run("klaus", ["register", "Weiß_klaus"]);
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

/** Runs the program with its password and passphrase from files: those with what is right, or others. */
function run(profile: string, args: string[], files: Record<string, string | Uint8Array> = {}) {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(pathOf(`${name}.other`), bytes);
  const path = (name: string) => pathOf(name in files ? `${name}.other` : name);
  const env = {
    LACRE_PROFILE: profile,
    LACRE_SERVER: server.url,
    LACRE_PASSWORD_FILE: path("password"),
    LACRE_PASSPHRASE_FILE: path("passphrase"),
  };
  return outcomeOf(startProgram(folder, args, env));
}

describe("a name", () => {
  it.each([
    ["Weiß_klaus", "weiss_klaus"],
    ["सीता_देवी", "सीता_देवी"],
  ])("%s is found as %s", async (name, form) => {
    if (name !== "Weiß_klaus") expect((await run("other", ["register", name])).code).toBe(0);
    const [login, search, send] = await Promise.all([
      run("other", ["login", form]),
      run("ana", ["search", form]),
      run("ana", ["send", form, "hola"]),
    ]);
    expect(login.stderr).toContain(`You are ${name} on`);
    expect(search.stdout).toBe(`${name}\n`);
    expect(send).toMatchObject({ code: 0 });
    const opened = await run(name === "Weiß_klaus" ? "klaus" : "other", ["open", "ana"]);
    expect(opened).toMatchObject({ code: 0 });
  });
});

describe("a secret", () => {
  it("is the same composed and decomposed, and after a byte order mark", async () => {
    const password = `\ufeff${PASSWORD.normalize("NFD")}\r\n`;
    expect(await run("ana", ["login", "ana"], { password })).toMatchObject({ code: 0 });
    expect((await run("ana", ["send", "weiss_klaus", "one"])).code).toBe(0);
    const passphrase = `\ufeff  ${PASSPHRASE.normalize("NFD")}\u00a0\r\n\r\n`;
    const opened = await run("klaus", ["history", "ana"], { passphrase });
    expect(opened).toMatchObject({ code: 0, stdout: expect.stringContaining("one") });
  });

  it("is rejected in a file that is not UTF-8", async () => {
    for (const [name, bytes, encoding] of [
      ["password", latin1("contrase\xf1a larga"), "not UTF-8"],
      ["password", utf16(PASSWORD), "UTF-16"],
    ] as const) {
      expect(await run("bad", ["register", "bad_name"], { [name]: bytes })).toMatchObject({
        code: 2,
        stdout: "",
        stderr: `lacre-chat: the ${name} file ${pathOf(`${name}.other`)} is ${encoding}: save it as UTF-8, and try again\n`,
      });
    }
    for (const bytes of [latin1("contrase\xf1a larga"), latin1("contrase\xe7a larga")]) {
      expect(await run("klaus", ["open", "ana"], { passphrase: bytes })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(" is not UTF-8: save it as UTF-8"),
      });
    }
  });
});

// screen.test.ts says so where tmux is missing.
it.skipIf(!hasTmux())(
  "a secret that is typed in a terminal of another encoding is refused",
  async () => {
    const env = { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
    const terminal = new TmuxTerminal({ width: 80, height: 16 }, env);
    try {
      terminal.run("--server", server.url, "login", "ana");
      await terminal.sees("ana's password");
      writeFileSync(pathOf("typed"), latin1("contrase\xf1a larga"));
      terminal.typeFile(pathOf("typed"));
      terminal.press("Enter");
      await terminal.sees("this is not UTF-8: set your terminal to UTF-8");
      terminal.type(PASSWORD);
      terminal.press("Enter");
      await terminal.sees("You are ana");
    } finally {
      terminal.close();
    }
  },
);

it("drops a byte order mark of standard input, and rejects input that is not UTF-8", async () => {
  const env = {
    LACRE_PROFILE: "ana",
    LACRE_SERVER: server.url,
    LACRE_PASSPHRASE_FILE: pathOf("passphrase"),
  };
  const send = async (input: string | Uint8Array, ...options: string[]) => {
    const child = startProgram(folder, ["send", "weiss_klaus", ...options], env);
    child.stdin.write(input);
    return outcomeOf(child);
  };
  const input = Buffer.concat([Buffer.from("\ufefffirst\n\ufeffsecond\n"), latin1("dos\xf1\n")]);
  const [lines, text] = await Promise.all([send(input, "--lines"), send(utf16("hola\n"))]);
  expect(lines).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("line 3 of standard input is not UTF-8"),
  });
  expect(text).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("standard input is UTF-16: save it as UTF-8"),
  });
  // What was read before the error is kept, and goes with the next message.
  expect((await run("ana", ["send", "weiss_klaus", "last"])).code).toBe(0);
  const { stdout } = await run("klaus", ["history", "ana", "--json"]);
  const texts = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).text);
  for (const text of ["first", "\ufeffsecond"]) expect(texts).toContain(text);
});

it("rejects a configuration that is not UTF-8", async () => {
  mkdirSync(pathOf("lacre/latin1"), { recursive: true });
  const path = pathOf("lacre/latin1/config.json");
  writeFileSync(path, latin1('{"server":"http://espa\xf1a.example"}'));
  expect(await run("latin1", ["config"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${path} is not UTF-8: save it as UTF-8`),
  });
});

it("sends the lines before one that is not UTF-8, and reports their number", async () => {
  const args = ["send", "klaus_two", "--lines"];
  expect((await run("klaus_two", ["register", "klaus_two"])).code).toBe(0);
  expect((await run("ana", ["open", "klaus_two"])).code).toBe(0);
  expect((await run("klaus_two", ["open", "ana"])).code).toBe(0);
  const env = {
    LACRE_PROFILE: "ana",
    LACRE_SERVER: server.url,
    LACRE_PASSWORD_FILE: pathOf("password"),
    LACRE_PASSPHRASE_FILE: pathOf("passphrase"),
  };
  const child = startProgram(folder, args, env);
  child.stdin.write(latin1("one\ntwo\n\xff\nthree\n"));
  const { code, stdout, stderr } = await outcomeOf(child);
  expect(stdout.match(/✓ sent/g)).toHaveLength(2);
  expect(stderr).toContain(
    "line 3 of standard input is not UTF-8: save it as UTF-8, and try again. Sent before it: 2 messages",
  );
  expect(code).toBe(2);
});
