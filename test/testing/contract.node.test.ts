import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { STEPS } from "../../src/testing/contract/steps.js";
import {
  ContractError,
  type ContractStep,
  type ContractTarget,
  type ContractUser,
  contract,
} from "../../src/testing/index.js";

const protocol = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");

function answering(status: number, body: string): ContractTarget {
  return {
    timeout: 0.2,
    fetch: async () => new Response(body, { status }),
    connect: () => {
      throw new Error("no case opens a WebSocket before a login");
    },
  };
}

describe("the contract suite", () => {
  it("has at least 40 cases with unique names", () => {
    expect(contract.length).toBeGreaterThanOrEqual(40);
    expect(new Set(contract.map(({ name }) => name)).size).toBe(contract.length);
  });

  it("has cases that depend on other cases, and not on each other", () => {
    const cases = new Map(contract.map((one) => [one.name, one]));
    const assertAcyclic = (name: string, before: readonly string[]): void => {
      expect(before).not.toContain(name);
      expect(cases.has(name), name).toBe(true);
      for (const next of cases.get(name)!.dependsOn) assertAcyclic(next, [...before, name]);
    };
    for (const { name } of contract) assertAcyclic(name, []);
    expect(contract.some(({ dependsOn }) => dependsOn.length > 0)).toBe(true);
  });

  it("has steps with the requirement of the case that tests them", () => {
    for (const step of Object.values<ContractStep>(STEPS)) {
      if (step.testedBy === undefined) continue;
      const tested = contract.find(({ name }) => name === step.testedBy);
      expect({ step, requirement: tested?.requirement }).toEqual({
        step,
        requirement: step.requirement,
      });
    }
  });

  it("rejects a target without the functions that a case needs", async () => {
    const { fetch, connect } = answering(200, "");
    for (const { run } of contract) {
      await expect(run({ fetch: fetch! })).rejects.toThrow("target.connect: must be a function");
      await expect(run({ connect: connect! })).rejects.toThrow("target.fetch: must be a function");
    }
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no user"))],
    ["returns nothing", async () => undefined],
    ["returns no id", async () => ({ session_key: new Uint8Array(32) })],
    ["returns a short key", async () => ({ user_id: 1, session_key: new Uint8Array(31) })],
    ["returns a key that is not base64", async () => ({ user_id: 1, session_key: "?" })],
  ])("fails if create of users %s", async (_, create) => {
    const [first] = contract.filter(({ part }) => part === "websocket");
    const users = { create: create as () => Promise<ContractUser>, createChat: async () => 1 };
    await expect(first!.run({ users })).rejects.toMatchObject({
      name: "ContractError",
      step: { name: "create a user with users.create()" },
    });
  });

  it("tests requirements that the protocol defines", () => {
    for (const { requirement } of contract) expect(protocol).toContain(`**${requirement}**`);
  });

  it.each([
    ["does not answer", { ...answering(200, ""), fetch: () => new Promise<Response>(() => {}) }],
    [
      "cannot be reached",
      { ...answering(200, ""), fetch: () => Promise.reject(new TypeError("fetch failed")) },
    ],
    ["answers every request with an empty body", answering(200, "")],
    ["answers every request with an error", answering(500, "oh no")],
    ["answers every request with unexpected JSON", answering(201, "[]")],
  ])("fails within its timeout at a server that %s", async (_, target) => {
    const endings = contract.map(({ run }) =>
      run(target).then(
        () => "passed",
        (error) => error,
      ),
    );
    for (const ending of await Promise.all(endings)) expect(ending).toBeInstanceOf(ContractError);
  });

  it("reports the expected and the actual behaviour", async () => {
    const [first] = contract;
    await expect(
      first!.run(answering(404, '{"error_code":"ERR_NOT_FOUND"}')),
    ).rejects.toMatchObject({
      expected: "POST /auth/register to be answered with 201",
      received: '404 {"error_code":"ERR_NOT_FOUND"}',
    });
  });

  it("reports the requests and answers of a failed case", async () => {
    const [first] = contract;
    const failure: ContractError = await first!.run(answering(404, "{}")).catch((error) => error);
    expect(failure.exchange).toHaveLength(1);
    expect(failure.exchange[0]).toMatch(
      /^0\.\d{3} s {2}POST \/auth\/register \{"username":"[0-9a-f]{20}","password":"<secret>"\} -> 404 \{\}$/,
    );
    expect(failure.message).toContain(failure.exchange[0]);
  });

  it("does not report credentials", async () => {
    const body = '{"access_token":"s3cret","session_key":"s3cret","details":{"ticket":"s3cret"}}';
    for (const { run } of contract) {
      const failure: Error = await run(answering(200, body)).catch((error) => error);
      expect(failure.message).not.toContain("s3cret");
    }
  });
});
