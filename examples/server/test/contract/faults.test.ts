import { type ContractReport, type ContractTarget, contract, runContract } from "lacre/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Passwords } from "../../src/identity/passwords.js";
import { ContractServer } from "./contract-server.js";
import { type Fault, faults } from "./faults/index.js";

/** Timeout, in seconds, of a case that must fail: some cases fail only when an expected frame does not arrive. */
const FAILING_CASE_TIMEOUT = 3;
const CONCURRENCY = 10;
/** Less than the number of cases that depend on something fundamental. */
const MOST = 10;

/** Selects the faults of the part that `LACRE_PART_OF_FAULTS` names, such as 0/2; all of them if it is not set. */
const [part, parts] = (process.env.LACRE_PART_OF_FAULTS ?? "0/1").split("/").map(Number);
const isOfPart = (_: Fault, index: number) => index % parts! === part;

const WITHOUT_FAULT: Fault = { name: "has no fault", failingCases: [] };

const installed = vi.hoisted(() => ({ functions: {} as NonNullable<Fault["functions"]> }));

/** Wraps the functions of a module so that the installed fault can replace them. The contract suite is not affected. */
const replaceable = vi.hoisted(() => (original: object) => {
  const isClass = (value: object) => String(value).startsWith("class");
  return Object.fromEntries(
    Object.entries(original).map(([name, value]) => {
      if (typeof value !== "function" || isClass(value)) return [name, value];
      const call = (...given: unknown[]) => (installed.functions[name]?.(value) ?? value)(...given);
      return [name, call];
    }),
  );
});

// Of the library, the modules from which `acceptConnection` and the server import these functions.
vi.mock("../../../../dist/server/accept-hello.js", async (load) => replaceable(await load()));
vi.mock("../../../../dist/server/answers.js", async (load) => replaceable(await load()));
vi.mock("../../../../dist/server/handle-request.js", async (load) => replaceable(await load()));
vi.mock("../../../../dist/server/status-error-code.js", async (load) => replaceable(await load()));
vi.mock("../../../../dist/server/http-answer.js", async (load) => replaceable(await load()));
vi.mock("../../../../dist/connection/http-keys.js", async (load) => replaceable(await load()));
vi.mock("../../../../dist/mls/history-chunk.js", async (load) => replaceable(await load()));
vi.mock("../../src/devices/add-entry.js", async (load) => replaceable(await load()));
vi.mock("../../src/devices/history.js", async (load) => replaceable(await load()));
vi.mock("../../src/messages/mls-message.js", async (load) => replaceable(await load()));
vi.mock("../../src/messages/store-commit.js", async (load) => replaceable(await load()));
vi.mock("../../src/messages/senders.js", async (load) => replaceable(await load()));
vi.mock("../../src/messages/store-messages.js", async (load) => replaceable(await load()));
vi.mock("../../src/messages/accept-message.js", async (load) => replaceable(await load()));
vi.mock("../../src/messages/list-messages.js", async (load) => replaceable(await load()));
vi.mock("../../src/routes/chat-summary.js", async (load) => replaceable(await load()));
vi.mock("../../src/routes/passphrase-chat.js", async (load) => replaceable(await load()));

function install({ functions = {}, methods = [] }: Fault): void {
  installed.functions = functions;
  for (const [prototype, name, replace] of methods) {
    const original = Reflect.get(prototype, name);
    // biome-ignore lint/suspicious/noExplicitAny: the fault names a method of any class
    vi.spyOn(prototype as any, name).mockImplementation(replace(original));
  }
}

/** Runs the contract suite against a server. Cases that must fail have a short timeout. */
function runSuite(
  { fetch, connect, timeout }: ContractServer,
  { failingCases, notRun = [], isFundamental = false, isSequential = false }: Fault,
): Promise<ContractReport> {
  const failing = new Set([...failingCases, ...notRun]);
  const cases = contract.map((one) => ({
    ...one,
    run: (target: ContractTarget) =>
      one.run({
        ...target,
        timeout: isFundamental || failing.has(one.name) ? FAILING_CASE_TIMEOUT : timeout,
      }),
  }));
  const concurrency = isSequential ? 1 : CONCURRENCY;
  return runContract({ fetch, connect }, { cases, concurrency });
}

const namesOf = (named: readonly { readonly name: string }[]) =>
  named.map(({ name }) => name).sort();

describe("contract suite", () => {
  afterEach(() => {
    installed.functions = {};
    vi.restoreAllMocks();
  });

  for (const fault of [WITHOUT_FAULT, ...faults].filter(isOfPart)) {
    it(`names exactly the expected faults if the server ${fault.name}`, async () => {
      // Hashing passwords would take most of the time, and no fault concerns it.
      vi.spyOn(Passwords.prototype, "hash").mockImplementation(async (password) => `#${password}`);
      vi.spyOn(Passwords.prototype, "verify").mockImplementation(async (hashed, password) =>
        hashed === `#${password}` ? "prepared" : undefined,
      );
      install(fault);
      const server = new ContractServer("sqlite");
      await server.start();
      try {
        const { faults: found, results } = await runSuite(server, fault);
        const notRun = results.filter(({ outcome }) => outcome === "not run");
        expect(namesOf(found)).toEqual([...fault.failingCases].sort());
        if (fault.isFundamental) expect(notRun.length).toBeGreaterThan(MOST);
        else expect(namesOf(notRun)).toEqual([...(fault.notRun ?? [])].sort());
      } finally {
        await server.remove();
      }
    }, 300_000);
  }
});
