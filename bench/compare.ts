import type { Contender, Entrant, Packet } from "./contenders/contender.js";
import { type Effort, measure, type Task, type Times } from "./measure.js";
import { chatMessage, letter } from "./messages.js";

/** Result of one contender for one message size. */
export interface Standing {
  readonly name: string;
  /** Size of the transmitted packet in bytes. */
  readonly bytes: number;
  readonly write: Times;
  readonly read: Times;
}

/** Results of the contenders that were measured together. */
export interface Comparison {
  readonly kind: "signing" | "encrypting";
  /** Size of the content or of the text in bytes. */
  readonly size: number;
  readonly standings: readonly Standing[];
  /** Contenders that do not run on this runtime, each with the reason. */
  readonly absent: readonly string[];
}

const SIZES = [100, 1_000, 16_000];

/** Measures each contender that runs here, with chat messages and letters of each size. */
export async function compareAll(
  makers: readonly (() => Entrant | Promise<Entrant>)[],
  effort: Effort,
): Promise<Comparison[]> {
  const absent: string[] = [];
  const entrants: Entrant[] = [];
  for (const make of makers) {
    try {
      entrants.push(await make());
    } catch (error) {
      absent.push(`${make.name}: ${(error as Error).message}`);
    }
  }
  const comparisons: Comparison[] = [];
  for (const size of SIZES) {
    const signing = entrants.flatMap((entrant) => entrant.signing ?? []);
    const standings = await compare(signing, chatMessage(size), effort, absent);
    comparisons.push({ kind: "signing", size, standings, absent });
  }
  for (const size of SIZES) {
    const encrypting = entrants.flatMap((entrant) => entrant.encrypting ?? []);
    const standings = await compare(encrypting, letter(size), effort, absent);
    comparisons.push({ kind: "encrypting", size, standings, absent });
  }
  return comparisons;
}

async function compare<Value>(
  contenders: readonly Contender<Value>[],
  value: Value,
  effort: Effort,
  absent: string[],
): Promise<Standing[]> {
  const packets = new Map<Contender<Value>, Packet>();
  for (const contender of contenders) {
    try {
      const packet = await contender.write(value);
      assertSame(await contender.read(packet), value);
      packets.set(contender, packet);
    } catch (error) {
      absent.push(`${contender.name}: ${(error as Error).message}`);
    }
  }
  const present = [...packets.keys()];
  const writes = await measure(
    present.map((contender) => task(contender, () => contender.write(value))),
    effort,
  );
  const reads = await measure(
    present.map((contender) => task(contender, () => contender.read(packets.get(contender)!))),
    effort,
  );
  return present.map((contender) => ({
    name: contender.name,
    bytes: packets.get(contender)!.length,
    write: writes.get(contender.name)!,
    read: reads.get(contender.name)!,
  }));
}

function task<Value>({ name, atOnce = 1 }: Contender<Value>, run: () => unknown): Task {
  if (atOnce === 1) return { name, run };
  return { name, calls: atOnce, run: () => Promise.all(Array.from({ length: atOnce }, run)) };
}

function assertSame(got: unknown, expected: unknown): void {
  if (textOf(got) !== textOf(expected))
    throw new Error("the read value differs from the written one");
}

/** Serializes a value for comparison, with any subclass of Uint8Array as the same numbers. */
function textOf(value: unknown): string {
  return JSON.stringify(
    Object.entries(value as object)
      .map(([key, field]) => [key, field instanceof Uint8Array ? [...field] : field])
      .sort(),
  );
}
