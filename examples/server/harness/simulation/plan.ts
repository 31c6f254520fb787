import { randomFrom } from "../../../../test/support/random.js";

/** How the network treats the connections. */
export interface NetworkConditions {
  /** Probability, from 0 to 1, that one direction of a connection breaks. */
  readonly cut: number;
  /** Maximum number of bytes before it breaks. */
  readonly bytes: number;
  /** Maximum delay of a piece of data, in milliseconds. */
  readonly delay: number;
}

/** A step of a plan. Devices and chats are indexes of `DEVICES` and `CHATS`. */
export type Step =
  | {
      readonly kind: "send";
      readonly device: number;
      readonly chat: number;
      readonly count: number;
    }
  | { readonly kind: "read"; readonly device: number; readonly chat: number }
  | { readonly kind: "cut"; readonly device: number }
  | { readonly kind: "crash"; readonly device: number; readonly undoesRemove: boolean }
  | { readonly kind: "kill" }
  | { readonly kind: "delete"; readonly chat: number }
  | { readonly kind: "wait"; readonly ms: number };

export interface Plan {
  readonly seed: number;
  readonly conditions: NetworkConditions;
  readonly steps: readonly Step[];
}

/** The user of each device: the first user has two devices, the other two have one. */
export const DEVICES = [0, 0, 1, 2] as const;
/** The two members of each chat. */
export const CHATS = [
  [0, 1],
  [1, 2],
] as const;

/** Whether the user of a device is a member of a chat. */
export function isMember(device: number, chat: number): boolean {
  return CHATS[chat]!.some((user) => user === DEVICES[device]);
}

const STEPS = 60;
const SERVER_KILLS = 2;
/** Fraction of steps whose chat is random, so that the device's user may not be a member. */
const RANDOM_CHATS = 0.1;
const MAX_MESSAGES = 5;
const WAITS_MS = [1, 10, 50, 200];
export const RELIABLE: NetworkConditions = { cut: 0, bytes: 1, delay: 0 };

/** Generates the plan of a seed. */
export function planOf(seed: number): Plan {
  const random = randomFrom(seed);
  const isReliable = random() < 0.2;
  const unreliable = { cut: random(), bytes: 200 + random() * 5000, delay: random() * 30 };
  const steps = Array.from({ length: STEPS }, () => stepFrom(random));
  // A restart of the server takes long, so each plan has only a few, at random positions.
  for (let kill = 0; kill < SERVER_KILLS; kill++) {
    steps.splice(Math.floor(random() * steps.length), 0, { kind: "kill" });
  }
  return { seed, conditions: isReliable ? RELIABLE : unreliable, steps };
}

function stepFrom(random: () => number): Step {
  const device = Math.floor(random() * DEVICES.length);
  const isOwn = random() >= RANDOM_CHATS;
  const chats = [...CHATS.keys()].filter((chat) => isMember(device, chat));
  const chat = isOwn ? pick(random, chats) : Math.floor(random() * CHATS.length);
  const choice = random();
  if (choice < 0.5) {
    return { kind: "send", device, chat, count: 1 + Math.floor(random() * MAX_MESSAGES) };
  }
  if (choice < 0.55 && isOwn) return { kind: "read", device, chat };
  if (choice < 0.65) return { kind: "cut", device };
  if (choice < 0.7) return { kind: "crash", device, undoesRemove: random() < 0.5 };
  if (choice < 0.75) return { kind: "delete", chat };
  return { kind: "wait", ms: pick(random, WAITS_MS) };
}

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)]!;
}
