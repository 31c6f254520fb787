import { randomFrom } from "../../../../test/support/random.js";

/** What the network does to a connection, each as a chance from 0 to 1 or a size. */
export interface Weather {
  /** The chance of a connection breaking at some byte. */
  readonly cut: number;
  /** Bytes of one direction within which it breaks then. */
  readonly bytes: number;
  /** Most milliseconds that a piece of data is late. */
  readonly delay: number;
}

/** What a plan has happen, one after the other. Devices and chats by their number. */
export type Step =
  | {
      readonly kind: "send";
      readonly device: number;
      readonly chat: number;
      readonly count: number;
    }
  | { readonly kind: "read"; readonly device: number; readonly chat: number }
  | { readonly kind: "cut"; readonly device: number }
  | { readonly kind: "crash"; readonly device: number; readonly forgetsLess: boolean }
  | { readonly kind: "kill" }
  | { readonly kind: "delete"; readonly chat: number }
  | { readonly kind: "wait"; readonly ms: number };

export interface Plan {
  readonly seed: number;
  readonly weather: Weather;
  readonly steps: readonly Step[];
}

/** Whose the devices are, and who is in the chats: alice has two devices, benito and carol one. */
export const DEVICES = [0, 0, 1, 2] as const;
export const CHATS = [
  [0, 1],
  [1, 2],
] as const;

/** Whether a device's user is in a chat. */
export function isMember(device: number, chat: number): boolean {
  return CHATS[chat]!.some((user) => user === DEVICES[device]);
}

const STEPS = 60;
const SERVER_KILLS = 2;
/** Of what is written, what goes to a chat of others, and is refused. */
const REFUSED = 0.1;
const MOST_AT_ONCE = 5;
const WAITS_MS = [1, 10, 50, 200];
export const CALM: Weather = { cut: 0, bytes: 1, delay: 0 };

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = randomFrom(seed);
  const isCalm = random() < 0.2;
  const stormy = { cut: random(), bytes: 200 + random() * 5000, delay: random() * 30 };
  const steps = Array.from({ length: STEPS }, () => stepFrom(random));
  // Kills take time, so there are few; where they come is for the seed to say.
  for (let kill = 0; kill < SERVER_KILLS; kill++) {
    steps.splice(Math.floor(random() * steps.length), 0, { kind: "kill" });
  }
  return { seed, weather: isCalm ? CALM : stormy, steps };
}

function stepFrom(random: () => number): Step {
  const device = Math.floor(random() * DEVICES.length);
  const isOwn = random() >= REFUSED;
  const chats = [...CHATS.keys()].filter((chat) => isMember(device, chat));
  const chat = isOwn ? pick(random, chats) : Math.floor(random() * CHATS.length);
  const dice = random();
  if (dice < 0.5) {
    return { kind: "send", device, chat, count: 1 + Math.floor(random() * MOST_AT_ONCE) };
  }
  if (dice < 0.55 && isOwn) return { kind: "read", device, chat };
  if (dice < 0.65) return { kind: "cut", device };
  if (dice < 0.7) return { kind: "crash", device, forgetsLess: random() < 0.5 };
  if (dice < 0.75) return { kind: "delete", chat };
  return { kind: "wait", ms: pick(random, WAITS_MS) };
}

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)]!;
}
