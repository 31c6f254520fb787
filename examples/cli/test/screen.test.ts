import { describe, expect, it } from "vitest";
import { CliFixture } from "./fixture.js";
import { ServerProcess } from "./server-process.js";
import { hasTmux, type TmuxTerminal } from "./tmux.js";

const PASSPHRASE = "olive battery staple harbor";

const isInstalled = hasTmux();
if (!isInstalled && process.env.LACRE_REQUIRE_ALL) throw new Error("tmux is needed");
if (!isInstalled) console.warn("skipped: the tests of chat in a terminal need tmux");

describe.skipIf(!isInstalled)("chat in a terminal", () => {
  const fixture = new CliFixture(new ServerProcess(), ["alice", "bob", "dave"]);
  const { server } = fixture;
  fixture.write("passphrase", PASSPHRASE);
  const withPassphrase = (profile: string) => fixture.optionsOf(profile);
  const withoutPassphrase = (profile: string) => fixture.optionsOf(profile, { passphrase: null });

  const texts = () => fixture.history("bob", "alice");

  const terminal = () => fixture.openTerminal({ width: 70, height: 16 });

  /** Opens alice's chat with bob in a terminal. */
  async function openChat(): Promise<TmuxTerminal> {
    const alice = terminal();
    alice.run(...withPassphrase("alice"), "chat", "bob");
    await alice.sees("Enter sends");
    return alice;
  }

  it("shows presence, messages and receipts, and restores the terminal", async () => {
    const [alice, bob] = [terminal(), terminal()];
    const before = await alice.ask("stty -a");
    alice.run(...withoutPassphrase("alice"), "chat", "bob");
    await alice.sees("A new passphrase for your chat with bob");
    alice.type(PASSPHRASE);
    alice.press("Enter");
    await alice.sees(/Strong: .*[\s\S]*The same passphrase again/);
    expect(alice.screen()).not.toContain("battery");
    alice.type(PASSPHRASE);
    alice.press("Enter");
    await alice.sees("Enter sends");
    expect(alice.screen()).not.toContain("passphrase");
    alice.type("hola, ¿qué tal? 🫒");
    alice.press("Enter");
    // The server has stored the message; bob has not received it.
    await alice.sees(/alice {2}hola, ¿qué tal\? 🫒 {1,2}✓$/m);

    bob.run(...withPassphrase("bob"), "chat", "alice");
    await bob.sees("alice  hola, ¿qué tal?");
    await alice.sees("✓✓ read");
    await alice.sees("bob · online");
    bob.type("bien");
    await alice.sees("bob is typing…");
    bob.press("Enter");
    await alice.sees("bob  bien");
    await bob.sees(/bien {2}✓✓ read/);

    await server.kill();
    await alice.sees("offline: 0 queued");
    for (const text of ["one", "two"]) {
      alice.type(text);
      alice.press("Enter");
    }
    await alice.sees("offline: 2 queued");
    await alice.sees(/two {2}…/);
    await server.start();
    await bob.sees(/one\n.*two/);
    await alice.sees(/two {2}✓✓ read/);

    alice.press("C-c");
    await alice.seesPrompt();
    expect(await alice.ask("echo $code; stty -a")).toBe(`0\n${before}`);
    bob.press("C-d");
    await bob.seesPrompt();
  });

  it("replaces control characters of messages", async () => {
    const hostile = "\u001b[2J\u001b]0;owned\u0007 \u009b1m left\u202eright \u2066 ok";
    await fixture.run("alice", ["send", "bob"], { input: hostile });
    const bob = terminal();
    bob.run(...withPassphrase("bob"), "chat", "alice");
    // The message may be shown before the earlier ones are read from the store.
    const seen = await bob.sees(/hola, ¿qué tal\?[\s\S]* ok/);
    expect(seen).toContain(
      "\u{fffd}[2J\u{fffd}]0;owned\u{fffd} \u{fffd}1m left\u{fffd}right \u{fffd} ok",
    );
    bob.press("C-c");
    await bob.seesPrompt();
  });

  it("asks again for a new password that is too short or not repeated correctly", async () => {
    const carol = terminal();
    carol.run("--profile", "carol", "--server", server.url, "register", "carol");
    await carol.sees("A new password for carol");
    carol.type("short");
    carol.press("Enter");
    await carol.sees("6 to 1024 characters");
    expect(carol.screen()).not.toContain("again");
    carol.type("correct horse");
    carol.press("Enter");
    await carol.sees("The same password again");
    carol.type("correct house");
    carol.press("Enter");
    await carol.sees(/The two passwords differ[\s\S]*A new password for carol/);
    carol.type("correct horse");
    carol.press("Enter");
    await carol.sees(/differ[\s\S]*The same password again/);
    carol.type("correct horse");
    carol.press("Enter");
    await carol.sees("You are carol");
    await carol.seesPrompt();
    expect(carol.screen()).not.toMatch(/horse|short|house/);
    expect(await fixture.run("carol", ["login", "carol"])).toMatchObject({ code: 0 });
  });

  it("rates the passphrase of a new chat, and generates one", async () => {
    const dave = terminal();
    dave.run(...withoutPassphrase("dave"), "chat", "alice");
    await dave.sees("Enter alone generates one");
    dave.type("hola");
    dave.press("Enter");
    await dave.sees(/Too weak: [\s\S]*Use it anyway\?/);
    // The default answer is no.
    dave.press("Enter");
    await dave.sees(/anyway\?[\s\S]*Enter alone generates one/);
    dave.press("Enter");
    const seen = await dave.sees("Use it?");
    const [, drawn] = /^ {3}((?:[a-z]+ ){4}[a-z]+)$/m.exec(seen)!;
    dave.type("y");
    await dave.sees("Enter sends");
    dave.press("C-c");
    await dave.seesPrompt();
    fixture.write("drawn", drawn!);
    const opened = await fixture.run("alice", ["open", "dave"], { passphrase: "drawn" });
    expect(opened).toMatchObject({ code: 0 });
  });

  it("inserts a paste as one text, and sends at Enter only", async () => {
    const alice = await openChat();
    alice.paste("uno\ndos\ntres");
    await alice.sees(/^> uno\n {2}dos\n {2}tres/m);
    alice.press("M-Enter");
    alice.type("cuatro");
    alice.press("C-j");
    alice.press("Tab");
    alice.type("cinco");
    await alice.sees(/cuatro\n {2}cinco/);
    expect((await texts()).join()).not.toContain("uno");
    alice.press("Enter");
    await alice.sees(/alice {2}uno\n +dos\n +tres\n +cuatro\n +cinco {2}✓/);
    // A line end in a paste does not send.
    alice.paste("seis\n");
    alice.type("siete");
    alice.press("Enter");
    await alice.sees(/alice {2}seis\n +siete {2}✓/);
    // A paste may contain the sequence that begins a paste.
    alice.type("\u001b[200~ocho \u001b[200~nueve\u001b[201~");
    await alice.sees(/^> ocho nueve/m);
    alice.press("C-u");
    expect((await texts()).slice(-2)).toEqual(["uno\ndos\ntres\ncuatro\ncinco", "seis\nsiete"]);
    alice.press("C-c");
    await alice.seesPrompt();
  });

  it("runs commands, and sends a text that begins with two slashes", async () => {
    const alice = await openChat();
    alice.type("/help");
    alice.press("Enter");
    await alice.sees(/\/who .*\n.*\/quit /);
    alice.type("/who");
    alice.press("Enter");
    await alice.sees(/alice \(you\), bob \((online|offline|unknown whether online)\)/);
    alice.type("/quti now");
    alice.press("Enter");
    await alice.sees("not sent: there is no command /quti now.");
    // The text stays in the input, to be corrected.
    await alice.sees("> /quti now");
    alice.press("C-u");
    alice.type("//etc is a folder");
    alice.press("Enter");
    await alice.sees(/alice {2}\/etc is a folder {2}✓/);
    expect((await texts()).join()).not.toMatch(/quti|\/who|\/help/);
    alice.type("/quit");
    alice.press("Enter");
    await alice.seesPrompt();
    expect(await alice.ask("echo $code")).toBe("0\n");
  });

  it.each(["cols 2", "cols 1 rows 1", "cols 0 rows 0", "rows 2 cols 5"])(
    "ends at Ctrl-C and SIGTERM at %s",
    async (size) => {
      const alice = terminal();
      const chat = [...withPassphrase("alice"), "chat", "bob"];
      for (const end of ["C-c", "SIGTERM"]) {
        alice.runAt(size, ...chat);
        await alice.untilAlternateScreen();
        alice.type("漢字 🫒 é");
        if (end === "C-c") alice.press(end);
        else process.kill(alice.processId, end);
        await alice.untilAlternateScreen(false);
        await alice.sees("ended with 0");
      }
    },
  );

  it("sends while the terminal is very small, and draws again at its full size", async () => {
    const alice = await openChat();
    for (const size of [
      { width: 2, height: 16 },
      { width: 1, height: 1 },
      { width: 40, height: 2 },
    ]) {
      alice.resize(size);
      alice.type(`at ${size.width}`);
      alice.press("Enter");
    }
    alice.resize({ width: 70, height: 16 });
    await alice.sees(/alice {2}at 2 {2}✓.*\n.*alice {2}at 1 {2}✓.*\n.*alice {2}at 40 {2}✓/);
    alice.press("C-c");
    await alice.seesPrompt();
  });

  it("restores the terminal when the login ends and when it is suspended", async () => {
    const alice = terminal();
    const before = await alice.ask("stty -a");
    alice.run(...withPassphrase("alice"), "chat", "bob");
    await alice.sees("Enter sends");
    await fixture.run("alice", ["logout"]);
    await alice.sees("does not accept this login");
    await alice.seesPrompt();
    expect(await alice.ask("echo $code; stty -a")).toBe(`4\n${before}`);
    expect(await fixture.run("alice", ["login", "alice"])).toMatchObject({ code: 0 });
    alice.run(...withPassphrase("alice"), "chat", "bob");
    await alice.sees("Enter sends");
    alice.press("C-z");
    await alice.sees("Stopped");
    expect(await alice.ask("stty -a")).toBe(before);
    alice.type("fg");
    alice.press("Enter");
    await alice.sees("Enter sends");
    alice.press("C-c");
    await alice.seesPrompt();
  });
});
