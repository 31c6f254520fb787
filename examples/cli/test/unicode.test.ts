import { mkdirSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { hasTmux } from "./tmux.js";

const fixture = new CliFixture(new TestServer());
const { server } = fixture;
const pathOf = (name: string) => fixture.pathOf(name);
const latin1 = (text: string) => Buffer.from(text, "latin1");
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");

const PASSWORD = "contraseña larga";
const PASSPHRASE = "café con leche";

beforeAll(async () => {
  fixture.write("password", `${PASSWORD}\n`);
  fixture.write("passphrase", `${PASSPHRASE}\n`);
  await run("ana", ["register", "ana"]);
  await run("klaus", ["register", "Weiß_klaus"]);
});

/** Runs the program. `secrets` replaces the content of the password's or the passphrase's file. */
function run(
  profile: string,
  args: string[],
  secrets: { readonly [name in "password" | "passphrase"]?: string | Uint8Array } = {},
) {
  const files = Object.entries(secrets).map(([name, bytes]) => {
    fixture.write(`${name}.other`, bytes);
    return [name, `${name}.other`];
  });
  return fixture.run(profile, args, Object.fromEntries(files));
}

describe("a username", () => {
  it.each([
    ["Weiß_klaus", "weiss_klaus"],
    ["सीता_देवी", "सीता_देवी"],
  ])("%s is the same user as %s", async (name, form) => {
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
  it("is the same if it is decomposed or follows a byte order mark", async () => {
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

// screen.test.ts warns if tmux is not installed.
it.skipIf(!hasTmux())(
  "rejects a password that is typed in a terminal with another encoding",
  async () => {
    const terminal = fixture.openTerminal({ width: 80, height: 16 });
    terminal.run("--server", server.url, "login", "ana");
    await terminal.sees("ana's password");
    fixture.write("typed", latin1("contrase\xf1a larga"));
    terminal.typeFile(pathOf("typed"));
    terminal.press("Enter");
    await terminal.sees("this is not UTF-8: set your terminal to UTF-8");
    terminal.type(PASSWORD);
    terminal.press("Enter");
    await terminal.sees("You are ana");
  },
);

it("drops a byte order mark of standard input, and rejects input that is not UTF-8", async () => {
  const send = (input: Uint8Array, ...options: string[]) =>
    fixture.run("ana", ["send", "weiss_klaus", ...options], { input });
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
  // The lines before the error are queued, and sent with the next message.
  expect((await run("ana", ["send", "weiss_klaus", "last"])).code).toBe(0);
  const texts = await fixture.history("klaus", "ana");
  for (const text of ["first", "\ufeffsecond"]) expect(texts).toContain(text);
});

it("rejects a configuration that is not UTF-8", async () => {
  mkdirSync(pathOf("lacre/latin1"), { recursive: true });
  const path = pathOf("lacre/latin1/config.json");
  fixture.write("lacre/latin1/config.json", latin1('{"server":"http://espa\xf1a.example"}'));
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
  const input = latin1("one\ntwo\n\xff\nthree\n");
  const { code, stdout, stderr } = await fixture.run("ana", args, { input });
  expect(stdout.match(/✓ sent/g)).toHaveLength(2);
  expect(stderr).toContain(
    "line 3 of standard input is not UTF-8: save it as UTF-8, and try again. Sent before it: 2 messages",
  );
  expect(code).toBe(2);
});
