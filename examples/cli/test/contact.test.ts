import { expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";

const fixture = new CliFixture(new TestServer(), ["alice", "bob", "carol"]);
const run = (profile: string, ...args: string[]) => fixture.run(profile, args);

it("lists a request for both members, and allows one message until it is accepted", async () => {
  expect(await run("alice", "send", "bob", "one")).toMatchObject({ code: 0 });
  const rejected = await run("alice", "send", "bob", "two");
  expect(rejected.code).toBe(1);
  expect(rejected.stderr).toMatch(/wait until they accept the chat or answer/);
  expect((await run("alice", "chats")).stdout).toContain("has not accepted yet");
  const listed = await run("bob", "chats");
  expect(listed.stdout).toContain("alice\t1 unread\twants to write to you: open, accept or block");
  expect(JSON.parse((await run("bob", "chats", "--json")).stdout)).toMatchObject({
    request: "incoming",
  });
  expect((await run("bob", "peers", "accept")).stdout).toBe("alice\n");
  expect((await run("bob", "peers", "block")).stdout).toBe("alice\n");
  expect((await run("alice", "peers", "accept")).stdout).toBe("");
  expect(await run("alice", "accept", "bob")).toMatchObject({ code: 1 });
  expect(await run("bob", "accept", "alice")).toMatchObject({
    code: 0,
    stderr: "alice may write to you.\n",
  });
  expect((await run("bob", "chats")).stdout).not.toContain("wants to write");
  expect((await run("bob", "peers", "accept")).stdout).toBe("");
  expect(await run("alice", "send", "bob", "three")).toMatchObject({ code: 0 });
});

it("accepts a request when the chat is opened with its passphrase", async () => {
  await run("carol", "send", "bob", "one");
  expect(await run("bob", "open", "carol")).toMatchObject({ code: 0 });
  expect(await run("carol", "send", "bob", "two")).toMatchObject({ code: 0 });
});

it("rejects messages of a blocked user until the user is unblocked", async () => {
  expect(await run("bob", "block", "carol")).toMatchObject({ code: 0 });
  expect((await run("bob", "chats")).stdout).toMatch(/^carol\t(?:.*\t)?blocked/m);
  expect((await run("carol", "chats")).stdout).not.toContain("blocked");
  expect((await run("bob", "peers", "unblock")).stdout).toBe("carol\n");
  expect((await run("bob", "peers", "block")).stdout).toBe("alice\n");
  expect(await run("carol", "send", "bob", "three")).toMatchObject({ code: 1 });
  expect((await run("bob", "send", "carol", "three")).stderr).toContain("you blocked this user");
  expect(await run("bob", "unblock", "carol")).toMatchObject({ code: 0 });
  expect(await run("carol", "send", "bob", "four")).toMatchObject({ code: 0 });
  expect(await run("bob", "block", "nobody")).toMatchObject({ code: 1 });
});

it("says that the server cannot be reached, not that there is no chat", async () => {
  await run("alice", "send", "carol", "one");
  await fixture.server.stopInstance(0);
  for (const command of [["accept"], ["block"], ["unblock"], ["restart", "--yes"], ["history"]]) {
    const outcome = await run("carol", ...command, "alice");
    expect([command, outcome]).toMatchObject([command, { code: 5 }]);
  }
});
