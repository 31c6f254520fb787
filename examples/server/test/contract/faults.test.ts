import { contract } from "lacre/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Passwords } from "../../src/identity/passwords.js";
import { ContractServer } from "./contract-server.js";
import { type Fault, faults } from "./faults.js";

/** Seconds for a case that is to fail, as some fail by hearing nothing; the others have as long as they need. */
const SHORT = 3;
const AT_ONCE = 10;

/** Selects the faults of the half that `LACRE_HALF_OF_FAULTS` names (0 or 1); all of them if it is not set. */
const half = process.env.LACRE_HALF_OF_FAULTS;
const isOfHalf = (_: Fault, index: number) => half === undefined || index % 2 === Number(half);

const SOUND: Fault = { name: "is not broken after all", noticedBy: [] };

const broken = vi.hoisted(() => ({ functions: {} as NonNullable<Fault["functions"]> }));

/** A module whose functions the fault of the moment replaces. The suite has modules of its own. */
const breakable = vi.hoisted(() => (original: object) => {
  const isClass = (value: object) => String(value).startsWith("class");
  return Object.fromEntries(
    Object.entries(original).map(([name, value]) => {
      if (typeof value !== "function" || isClass(value)) return [name, value];
      const call = (...given: unknown[]) => (broken.functions[name]?.(value) ?? value)(...given);
      return [name, call];
    }),
  );
});

vi.mock("lacre/server", async (load) => breakable(await load()));
vi.mock("../../src/messages/store-message.js", async (load) => breakable(await load()));
vi.mock("../../src/messages/accept-message.js", async (load) => breakable(await load()));
vi.mock("../../src/messages/list-messages.js", async (load) => breakable(await load()));

function install({ functions = {}, methods = [] }: Fault): void {
  broken.functions = functions;
  for (const [prototype, name, breakIt] of methods) {
    const original = Reflect.get(prototype, name);
    // biome-ignore lint/suspicious/noExplicitAny: as the fault names it
    vi.spyOn(prototype as any, name).mockImplementation(breakIt(original));
  }
}

/** The names of the cases that a server fails. */
async function noticing(
  server: ContractServer,
  { noticedBy, isSeenOneByOne = false }: Fault,
): Promise<string[]> {
  const waiting = [...contract];
  const failed: string[] = [];
  const work = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const { name, run } = one;
      const { fetch, connect, timeout } = server;
      const patience = noticedBy.includes(name) ? SHORT : timeout;
      await run({ fetch, connect, timeout: patience }).catch(() => failed.push(name));
    }
  };
  await Promise.all(Array.from({ length: isSeenOneByOne ? 1 : AT_ONCE }, work));
  return failed.sort();
}

describe("where a server is broken on purpose", () => {
  afterEach(() => {
    broken.functions = {};
    vi.restoreAllMocks();
  });

  for (const fault of [SOUND, ...faults].filter(isOfHalf)) {
    it(`and ${fault.name}, the contract notices just that`, async () => {
      // Passwords are not what is broken, and would take most of the time.
      vi.spyOn(Passwords.prototype, "hash").mockImplementation(async (password) => `#${password}`);
      vi.spyOn(Passwords.prototype, "verify").mockImplementation(async (hashed, password) =>
        hashed === `#${password}` ? "prepared" : undefined,
      );
      install(fault);
      const server = new ContractServer("sqlite");
      await server.start();
      try {
        expect(await noticing(server, fault)).toEqual([...fault.noticedBy].sort());
      } finally {
        await server.remove();
      }
    }, 300_000);
  }
});
