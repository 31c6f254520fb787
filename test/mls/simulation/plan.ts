import { Random } from "../../support/random.js";

const kinds = {
  write: 12,
  receive: 12,
  send: 12,
  commit: 4,
  update: 3,
  stray: 2,
  crash: 3,
  away: 2,
  back: 2,
  addDevice: 1,
  removeDevice: 1,
  loseDevice: 0.5,
  addUser: 1,
  removeUser: 1,
  leave: 0.7,
  wipe: 0.5,
  backup: 1,
  restore: 0.7,
  steal: 0.7,
  wait: 0.7,
} as const;

/** What only a malicious server does. */
const hostileKinds = {
  fork: 0.3,
  merge: 0.3,
  tamper: 15,
  ghost: 2,
} as const;

/** A step: what happens to the device of a number. `seed` determines its random choices. */
export interface Step {
  readonly kind: keyof typeof kinds | keyof typeof hostileKinds;
  readonly device: number;
  readonly seed: number;
}

/** What a simulation does. */
export interface Plan {
  readonly seed: number;
  readonly suite: 1 | 0xf00d;
  /** Number of devices of each user at the start. */
  readonly users: readonly number[];
  readonly chats: number;
  readonly isHonest: boolean;
  readonly steps: readonly Step[];
}

/** Returns the plan of a seed. Every third one has a malicious server, every 20th the suite with X-Wing. */
export function planOf(seed: number, length = 60): Plan {
  const random = new Random(seed);
  const isHonest = seed % 3 !== 0;
  const all = isHonest ? kinds : { ...kinds, ...hostileKinds };
  const users = Array.from({ length: 2 + random.below(4) }, () => 1 + random.below(3));
  const count = 20 + random.below(length);
  const steps = Array.from({ length: count }, () => ({
    kind: weighted(random, all),
    device: random.below(16),
    seed: random.uint32(),
  }));
  const chats = isHonest ? 1 : 1 + random.below(2);
  return { seed, suite: seed % 20 === 0 ? 0xf00d : 1, users, chats, isHonest, steps };
}

function weighted<Kind extends string>(
  random: Random,
  weights: Readonly<Record<Kind, number>>,
): Kind {
  const entries = Object.entries(weights) as [Kind, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  let at = (random.uint32() / 2 ** 32) * total;
  for (const [kind, weight] of entries) {
    at -= weight;
    if (at < 0) return kind;
  }
  return entries[0]![0];
}

/** Returns a shorter plan that fails too, by leaving out steps. */
export async function shortened(
  plan: Plan,
  fails: (plan: Plan) => Promise<boolean>,
): Promise<Plan> {
  let best = plan;
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      const steps = best.steps.filter((_, index) => index < at || index >= at + size);
      const shorter = { ...best, steps };
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
