import { LacreError, MessageProtocol, ReplayGuard } from "../../../src/index.js";
import { NOW } from "../../support/examples.js";
import { Random } from "../../support/random.js";
import { isQuick, isQuickAtBest } from "../support/bounded.js";
import { requiredResult } from "../support/reference-frame.js";
import type { Mutant, MutantKind } from "./kind.js";
import { bytesKinds } from "./kinds/bytes.js";
import { contextKinds } from "./kinds/context.js";
import { envelopeKinds } from "./kinds/envelope.js";
import { payloadKinds } from "./kinds/payload.js";
import { signatureKinds } from "./kinds/signature.js";
import { type Sample, samples } from "./samples.js";

/** Every structural kind of mutant. */
export const kinds: readonly MutantKind[] = [
  ...bytesKinds,
  ...signatureKinds,
  ...envelopeKinds,
  ...payloadKinds,
  ...contextKinds,
];

/** A mutant that the library treats otherwise than the specification requires, or that takes too long. */
export interface Escape {
  readonly kind: string;
  readonly sample: string;
  readonly bytes: Uint8Array;
  readonly problem: string;
}

/** Result of a run. */
export interface MutantReport {
  readonly mutants: number;
  readonly byteChanges: number;
  readonly structural: number;
  /** Mutants that opened, because the specification accepts them. */
  readonly opened: number;
  /** Number of mutants of each kind. */
  readonly perKind: ReadonlyMap<string, number>;
  readonly escapes: readonly Escape[];
}

const MAX_ESCAPES = 20;
/** One in so many rejected byte changes is compared too, to find frames that the specification accepts. */
const COMPARED_BYTE_CHANGES = 97;

/**
 * Opens mutants of all samples: with each byte at every `stride`-th position changed to each other value, and `rounds`
 * mutants of each structural kind.
 */
export async function runMutants({
  seed,
  stride,
  rounds,
}: {
  readonly seed: number;
  readonly stride: number;
  readonly rounds: number;
}): Promise<MutantReport> {
  const random = new Random(seed);
  const escapes: Escape[] = [];
  const perKind = new Map<string, number>(kinds.map(({ name }) => [name, 0]));
  let byteChanges = 0;
  let opened = 0;

  async function check(kind: Pick<MutantKind, "name" | "outcome">, sample: Sample, mutant: Mutant) {
    const { bytes, openedWith = sample.signedWith, now = NOW, isReplay = false } = mutant;
    const attempt = () => open(bytes, openedWith, now, isReplay ? sample : undefined);
    const start = performance.now();
    const problem = attempt();
    const isOpened = problem === undefined;
    if (isOpened) opened += 1;
    const isSlow = !isQuick(performance.now() - start, bytes.length);
    const escaped = (what: string) =>
      escapes.push({ kind: kind.name, sample: sample.name, bytes, problem: what });
    if (typeof problem === "string") escaped(problem);
    if (isOpened && kind.outcome === "rejected") escaped("opened");
    const isCompared =
      isOpened || kind !== BYTE_CHANGE || byteChanges % COMPARED_BYTE_CHANGES === 0;
    if (
      isCompared &&
      !isReplay &&
      isOpened !== requiredResult(bytes, openedWith.reference, now).opens
    )
      escaped(
        isOpened
          ? "opened, but the specification rejects it"
          : "rejected, but the specification accepts it",
      );
    if (isSlow && !(await isQuickAtBest(attempt, bytes.length))) escaped("too slow");
  }

  for (const sample of samples) {
    const { bytes } = sample;
    for (let at = random.below(stride); at < bytes.length; at += stride) {
      for (let change = 1; change < 256; change++) {
        byteChanges += 1;
        await check(BYTE_CHANGE, sample, { bytes: bytes.with(at, bytes[at]! ^ change) });
      }
      if (escapes.length >= MAX_ESCAPES) break;
    }
  }
  for (let round = 0; round < rounds && escapes.length < MAX_ESCAPES; round++) {
    for (const sample of samples) {
      for (const kind of kinds) {
        if (kind.isLarge && !random.oneIn(16)) continue;
        const made = kind.make(sample, random.pick(samples), random);
        // A change may have no effect.
        const isChanged = !(made instanceof Uint8Array) || Buffer.compare(made, sample.bytes) !== 0;
        if (made === undefined || !isChanged) continue;
        perKind.set(kind.name, perKind.get(kind.name)! + 1);
        await check(kind, sample, made instanceof Uint8Array ? { bytes: made } : made);
      }
    }
  }
  const structural = [...perKind.values()].reduce((sum, count) => sum + count, 0);
  return { mutants: byteChanges + structural, byteChanges, structural, opened, perKind, escapes };
}

// No change of one byte gives another valid encoding: on wire 1 that takes two bytes, in the head of the signature.
const BYTE_CHANGE = { name: "one byte changed", outcome: "rejected" } as const;

/** Returns undefined if the frame opens, `true` if it is rejected with a LacreError, and otherwise a description. */
function open(
  bytes: Uint8Array,
  { key }: Sample["signedWith"],
  now: number,
  before: Sample | undefined,
): undefined | true | string {
  const replay = new ReplayGuard();
  if (before !== undefined) MessageProtocol.open(before.bytes, { key, replay, now });
  try {
    MessageProtocol.open(bytes, { key, replay, now });
    return undefined;
  } catch (error) {
    return error instanceof LacreError ? true : `threw ${error}`;
  }
}
