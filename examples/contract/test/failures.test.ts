import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { builtCommand } from "./command.js";
import { SmallServer } from "./small-server.js";

const { run } = builtCommand();

/** Replaces what differs in each run: times, nonces, names, the server's port. Shortens the quoted requirements. */
function normalised(text: string): string {
  return text
    .replaceAll(/((?:>|&gt;) \*\*[\w-]+\*\*).*(\n +(>|&gt;) .*)*/g, "$1 …")
    .replaceAll(/\d+\.\d{3} s/g, "0.000 s")
    .replaceAll(/in \d+\.\d s/g, "in 0.0 s")
    .replaceAll(/time="[\d.]+"/g, 'time="0"')
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1")
    .replaceAll(/(?<=user |user_id(?:"|&quot;):)\d+/g, "N")
    .replaceAll(/\d+(?= bytes on wire)/g, "N")
    .replaceAll(/[\w+/]{22}==/g, "<base64>")
    .replaceAll(/\b[0-9a-f]{32}\b/g, "<hex>")
    .replaceAll(/\b[0-9a-f]{19,20}\b/g, "<name>");
}

describe("the report about a server with one fault", () => {
  const server = new SmallServer();
  const folder = mkdtempSync(join(tmpdir(), "lacre-contract-failures-"));
  beforeAll(() => server.start());
  beforeEach(() => {
    server.greeting = "a welcome";
  });
  afterAll(() => {
    server.stop();
    rmSync(folder, { recursive: true });
  });
  const test = (...args: readonly string[]) => run(server.url, "--timeout", "5", ...args);

  it("shows the exchange, and what the requirement says", async () => {
    server.greeting = "another nonce";
    const { code, stdout } = await test("--only", "hello's nonce");
    expect(code).toBe(1);
    expect(normalised(stdout)).toMatchInlineSnapshot(`
      "S-2: returns the hello's nonce in the welcome
        required by docs/PROTOCOL.md:
          > **S-2** …
        expected hello_nonce to be "<16 bytes: <hex>>"
        received "<16 bytes: <hex>>"
        exchange:
          0.000 s  POST /auth/register {"username":"<name>","password":"<secret>"} -> 201 {"success":true,"user_id":N,"username":"<name>","session_key":"<secret>","access_token":"<secret>","refresh_token":"<secret>"}
          0.000 s  POST /auth/ws-ticket [Bearer …] -> 200 {"ticket":"<secret>","expires_in":30}
          0.000 s  connection 1 of user N is open
          0.000 s  connection 1 of user N sends hello, N bytes on wire 1 {"nonce":"<base64>","wires":[2,1],"capabilities":[]}
          0.000 s  connection 1 of user N receives welcome, N bytes on wire 1 {"nonce":"<base64>","hello_nonce":"<base64>","wire":2,"capabilities":[],"limits":{},"heartbeat":30}, signed with the session server key

      http://127.0.0.1/: 0 of 1 cases passed; faults: 1; not run: 0, in 0.0 s
      "
    `);
  });

  it("names a missing welcome once, and counts the cases that depend on it apart", async () => {
    server.greeting = "nothing";
    const { code, stdout } = await test("--only", "S-1", "--only", "S-2", "--at-once", "5");
    expect(code).toBe(1);
    expect(normalised(stdout)).toMatchInlineSnapshot(`
      "S-1: sends the welcome on wire 1, under the session's server key
        required by docs/PROTOCOL.md:
          > **S-1** …
        expected a frame of type welcome within 5 s
        received nothing
        exchange:
          0.000 s  POST /auth/register {"username":"<name>","password":"<secret>"} -> 201 {"success":true,"user_id":N,"username":"<name>","session_key":"<secret>","access_token":"<secret>","refresh_token":"<secret>"}
          0.000 s  POST /auth/ws-ticket [Bearer …] -> 200 {"ticket":"<secret>","expires_in":30}
          0.000 s  connection 1 of user N is open
          0.000 s  connection 1 of user N sends hello, N bytes on wire 1 {"nonce":"<base64>","wires":[2,1],"capabilities":[]}
        not run, because they depend on it: 4
          returns the hello's nonce in the welcome
          uses a new nonce for each connection
          accepts a hello with any timestamp
          chooses one of the offered wires

      http://127.0.0.1/: 0 of 5 cases passed; faults: 1; not run: 4, in 0.0 s
      "
    `);
  });

  it("names the failed step if no case tests it", async () => {
    const { code, stdout } = await test("--only", "H-6", "--only", "S-8");
    expect(code).toBe(1);
    expect(normalised(stdout)).toMatchInlineSnapshot(`
      "H-7: create a chat
        required by docs/PROTOCOL.md:
          > **H-7** …
        expected POST /chats to be answered with 201
        received 404 {"error_code":"ERR_NOT_FOUND","error_message":"<no & no>"}
        exchange:
          0.000 s  POST /auth/register {"username":"<name>","password":"<secret>"} -> 201 {"success":true,"user_id":N,"username":"<name>","session_key":"<secret>","access_token":"<secret>","refresh_token":"<secret>"}
          0.000 s  POST /auth/register {"username":"<name>","password":"<secret>"} -> 201 {"success":true,"user_id":N,"username":"<name>","session_key":"<secret>","access_token":"<secret>","refresh_token":"<secret>"}
          0.000 s  POST /chats [Bearer …] {"peer_name":"<name>","encryption_type":"lacre/e2e/1","salt":"<16 bytes: <hex>>","iterations":600000,"key_check":"<16 bytes: <hex>>"} -> 404 {"error_code":"ERR_NOT_FOUND","error_message":"<no & no>"}
        not run, because they depend on it: 2
          answers a heartbeat with the same sent_at
          counts the frames of both ends in the answer to a heartbeat

      H-6: finds a user by the beginning of the username
        required by docs/PROTOCOL.md:
          > **H-6** …
        expected GET /users/search?q=<name> to be answered with 200
        received 404 {"error_code":"ERR_NOT_FOUND","error_message":"<no & no>"}
        exchange:
          0.000 s  POST /auth/register {"username":"<name>","password":"<secret>"} -> 201 {"success":true,"user_id":N,"username":"<name>","session_key":"<secret>","access_token":"<secret>","refresh_token":"<secret>"}
          0.000 s  POST /auth/register {"username":"<name>","password":"<secret>"} -> 201 {"success":true,"user_id":N,"username":"<name>","session_key":"<secret>","access_token":"<secret>","refresh_token":"<secret>"}
          0.000 s  GET /users/search?q=<name> [Bearer …] -> 404 {"error_code":"ERR_NOT_FOUND","error_message":"<no & no>"}

      http://127.0.0.1/: 0 of 3 cases passed; faults: 2; not run: 2, in 0.0 s
      "
    `);
  });

  it("has the same in the JSON, and in the JUnit XML", async () => {
    server.greeting = "nothing";
    const junit = join(folder, "junit.xml");
    const ran = await test("--only", "S-1", "--only", "hello's nonce", "--json", "--junit", junit);
    const report = JSON.parse(ran.stdout);
    expect(report).toMatchObject({
      ...{ passed: 0, failed: 1, not_run: 1 },
      faults: [
        {
          requirement: "S-1",
          requirement_text: expect.stringContaining("A connection begins with `hello`"),
          expected: "a frame of type welcome within 5 s",
          received: "nothing",
          exchange: expect.arrayContaining([expect.stringContaining("sends hello")]),
          not_run: ["returns the hello's nonce in the welcome"],
        },
      ],
      results: [
        { requirement: "S-1", part: "websocket", outcome: "failed" },
        {
          outcome: "not run",
          depends_on: "S-1: sends the welcome on wire 1, under the session's server key",
        },
      ],
    });
    expect(normalised(readFileSync(junit, "utf8"))).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuite name="the contract at http://127.0.0.1/" tests="2" failures="1" skipped="1" time="0">
        <testcase classname="lacre.contract.S-1" name="sends the welcome on wire 1, under the session's server key" time="0"><failure message="expected a frame of type welcome within 5 s; received nothing">
        required by docs/PROTOCOL.md:
          &gt; **S-1** …
        expected a frame of type welcome within 5 s
        received nothing
        exchange:
          0.000 s  POST /auth/register {&quot;username&quot;:&quot;<name>&quot;,&quot;password&quot;:&quot;&lt;secret&gt;&quot;} -&gt; 201 {&quot;success&quot;:true,&quot;user_id&quot;:N,&quot;username&quot;:&quot;<name>&quot;,&quot;session_key&quot;:&quot;&lt;secret&gt;&quot;,&quot;access_token&quot;:&quot;&lt;secret&gt;&quot;,&quot;refresh_token&quot;:&quot;&lt;secret&gt;&quot;}
          0.000 s  POST /auth/ws-ticket [Bearer …] -&gt; 200 {&quot;ticket&quot;:&quot;&lt;secret&gt;&quot;,&quot;expires_in&quot;:30}
          0.000 s  connection 1 of user N is open
          0.000 s  connection 1 of user N sends hello, N bytes on wire 1 {&quot;nonce&quot;:&quot;<base64>&quot;,&quot;wires&quot;:[2,1],&quot;capabilities&quot;:[]}
        not run, because they depend on it: 1
          returns the hello's nonce in the welcome
        </failure></testcase>
        <testcase classname="lacre.contract.S-2" name="returns the hello's nonce in the welcome" time="0"><skipped message="depends on S-1: sends the welcome on wire 1, under the session's server key"/></testcase>
      </testsuite>
      "
    `);
  });

  it("has failed steps as test cases in the JUnit XML", async () => {
    const junit = join(folder, "steps.xml");
    await test("--only", "S-16", "--junit", junit);
    const xml = readFileSync(junit, "utf8");
    expect(xml).toContain('tests="2" failures="1" skipped="1"');
    expect(xml).toContain(
      '<testcase classname="lacre.contract.H-7" name="create a chat" time="0">',
    );
  });
});
