import { LacreError, MessageProtocol, ReplayGuard } from "../../src/index.js";
import { NOW } from "../../test/support/examples.js";
import { isQuick, isQuickAtBest } from "../support/bounded.js";
import { Random } from "../support/random.js";
import { judge } from "../support/reference-frame.js";
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

/** A mutant that was taken otherwise than the specification has it, or that cost too much. */
export interface Escape {
  readonly kind: string;
  readonly sample: string;
  readonly bytes: Uint8Array;
  readonly problem: string;
}

/** What a run has come to. */
export interface MutantReport {
  readonly mutants: number;
  readonly byteChanges: number;
  readonly structural: number;
  /** Mutants that opened because the specification lets them in. */
  readonly opened: number;
  /** How many mutants there were of each kind. */
  readonly perKind: ReadonlyMap<string, number>;
  readonly escapes: readonly Escape[];
}

const MAX_ESCAPES = 20;
/** One of so many refused byte changes is judged too, so that none is refused that the specification lets in. */
const JUDGED_BYTE_CHANGES = 97;

/**
 * Opens mutants of all samples: each byte changed into each other value, at every `stride`-th position; and `rounds`
 * mutants of each structural kind for each sample.
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

  async function hold(kind: Pick<MutantKind, "name" | "outcome">, sample: Sample, mutant: Mutant) {
    const { bytes, openedWith = sample.signedWith, now = NOW, isReplay = false } = mutant;
    const attempt = () => open(bytes, openedWith, now, isReplay ? sample : undefined);
    const start = performance.now();
    const problem = attempt();
    const isOpened = problem === undefined;
    if (isOpened) opened += 1;
    const isSlow = !isQuick(performance.now() - start, bytes.length);
    const said = (what: string) =>
      escapes.push({ kind: kind.name, sample: sample.name, bytes, problem: what });
    if (typeof problem === "string") said(problem);
    if (isOpened && kind.outcome === "refused") said("opened");
    const isJudged = isOpened || kind !== BYTE_CHANGE || byteChanges % JUDGED_BYTE_CHANGES === 0;
    if (isJudged && !isReplay && isOpened !== judge(bytes, openedWith.reference, now).opens)
      said(
        isOpened
          ? "opened, and the specification refuses it"
          : "refused, and the specification lets it in",
      );
    if (isSlow && !(await isQuickAtBest(attempt, bytes.length))) said("too slow");
  }

  for (const sample of samples) {
    const { bytes } = sample;
    for (let at = random.below(stride); at < bytes.length; at += stride) {
      for (let change = 1; change < 256; change++) {
        byteChanges += 1;
        await hold(BYTE_CHANGE, sample, { bytes: bytes.with(at, bytes[at]! ^ change) });
      }
      if (escapes.length >= MAX_ESCAPES) break;
    }
  }
  for (let round = 0; round < rounds && escapes.length < MAX_ESCAPES; round++) {
    for (const sample of samples) {
      for (const kind of kinds) {
        if (kind.isLarge && !random.oneIn(16)) continue;
        const made = kind.make(sample, random.pick(samples), random);
        // What was chosen to be changed may have been so before.
        const isChanged = !(made instanceof Uint8Array) || Buffer.compare(made, sample.bytes) !== 0;
        if (made === undefined || !isChanged) continue;
        perKind.set(kind.name, perKind.get(kind.name)! + 1);
        await hold(kind, sample, made instanceof Uint8Array ? { bytes: made } : made);
      }
    }
  }
  const structural = [...perKind.values()].reduce((sum, count) => sum + count, 0);
  return { mutants: byteChanges + structural, byteChanges, structural, opened, perKind, escapes };
}

// On wire 1 only the head of the signature's text may say the same in another way, and that takes two bytes.
const BYTE_CHANGE = { name: "one byte changed", outcome: "refused" } as const;

/** Undefined if the frame opens, `true` if it is refused, and in words what is wrong with either. */
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
