import type { ChatMessage } from "../../src/index.js";
import {
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionNotice,
} from "../../src/session/index.js";
import { counting } from "../support/hex.js";
import { randomFrom } from "../support/random.js";
import { ModelServer, type ServerSocket } from "./model-server.js";

/** Probability of each fault, from 0 to 1. */
export interface Faults {
  readonly drop: number;
  readonly duplicate: number;
  /** A frame is so late that others overtake it. */
  readonly late: number;
  /** A connection is lost at a frame. */
  readonly cut: number;
  /** The server is busy. */
  readonly busy: number;
  /** The disk of a device stores no message. */
  readonly full: number;
  /** A device receives the close of its connection late, or after it has another one. */
  readonly mute: number;
}

/** A step of a plan. */
export type Step =
  | {
      readonly kind: "send";
      readonly device: number;
      readonly chat: number;
      readonly isRejected: boolean;
    }
  /** Sends several messages at once. */
  | {
      readonly kind: "burst";
      readonly device: number;
      readonly chat: number;
      readonly count: number;
    }
  /** Withdraws the last message to a chat, if the device still has it. */
  | { readonly kind: "withdraw"; readonly device: number; readonly chat: number }
  | { readonly kind: "read"; readonly device: number; readonly chat: number }
  | { readonly kind: "cut"; readonly device: number }
  /** The network drops all frames of this connection, and neither end receives a close. */
  | { readonly kind: "die"; readonly device: number }
  | { readonly kind: "probe"; readonly device: number }
  | { readonly kind: "crash"; readonly device: number }
  | { readonly kind: "restart" }
  | { readonly kind: "clock"; readonly device: number; readonly seconds: number }
  | { readonly kind: "delete"; readonly chat: number }
  | { readonly kind: "wait"; readonly seconds: number };

export interface Plan {
  readonly seed: number;
  readonly faults: Faults;
  readonly steps: readonly Step[];
}

const CHATS = new Map([
  [1, [1, 2]],
  [2, [2, 3]],
]);
/** User id of each device: alice has two devices, benito and carol one each. */
export const DEVICES = [1, 1, 2, 3] as const;
const NO_FAULTS: Faults = { drop: 0, duplicate: 0, late: 0, cut: 0, busy: 0, full: 0, mute: 0 };

/** One server, four devices and a network with simulated time. */
export class Simulation {
  now = 1_700_000_000;
  /** Seconds by which the server's clock is ahead. */
  serversClock = 0;
  faults: Faults;
  readonly random: () => number;
  readonly server: ModelServer;
  readonly devices: readonly Device[];
  /** Scheduled calls, in order of their time. */
  readonly #agenda: { readonly at: number; readonly what: () => void | Promise<void> }[] = [];

  constructor({ seed, faults }: Pick<Plan, "seed" | "faults">) {
    this.random = randomFrom(seed);
    this.faults = faults;
    const rejections = {
      isBusy: () => this.random() < this.faults.busy,
      rejects: ({ content }: ChatMessage) => content[0] === 0xff,
    };
    this.server = new ModelServer(CHATS, rejections, () => this.now + this.serversClock);
    this.devices = DEVICES.map((userId, at) => new Device(this, userId, at));
    for (const device of this.devices) device.start();
  }

  schedule(delay: number, what: () => void | Promise<void>): void {
    const at = this.now + delay;
    const later = this.#agenda.findIndex((one) => one.at > at);
    this.#agenda.splice(later === -1 ? this.#agenda.length : later, 0, { at, what });
  }

  /** Advances the time by `seconds`. Returns false after 200,000 calls, which suggests an endless loop. */
  async run(seconds: number): Promise<boolean> {
    const end = this.now + seconds;
    for (let events = 0; events < 200_000; events++) {
      if (this.#agenda[0] === undefined || this.#agenda[0].at > end) {
        this.now = end;
        return true;
      }
      const { at, what } = this.#agenda.shift()!;
      this.now = at;
      await what();
    }
    return false;
  }

  async perform(step: Step): Promise<void> {
    switch (step.kind) {
      case "send":
        return this.devices[step.device]!.write(step.chat, step.isRejected);
      case "burst":
        for (let sent = 0; sent < step.count; sent++) {
          this.devices[step.device]!.write(step.chat, this.random() < 0.1);
        }
        return;
      case "withdraw":
        return this.devices[step.device]!.withdraw(step.chat);
      case "read":
        return this.devices[step.device]!.read(step.chat);
      case "cut":
        return this.devices[step.device]!.connection?.cut();
      case "die":
        return this.devices[step.device]!.connection?.die();
      case "probe":
        return this.devices[step.device]!.handle({ type: "probe" });
      case "crash":
        return this.devices[step.device]!.crash();
      case "clock":
        return this.devices[step.device]!.setClock(step.seconds);
      case "restart":
        for (const socket of this.server.restart()) socket.close(1006);
        return;
      case "delete":
        return this.server.delete(
          step.chat,
          1 + Math.floor(this.random() * this.server.lastSeq(step.chat)),
        );
      case "wait":
        await this.run(step.seconds);
    }
  }

  /** Ends the faults and runs for 10 minutes. Open connections stay open: a frame that one of them lost stays lost. */
  async settle(): Promise<boolean> {
    this.faults = NO_FAULTS;
    const hasEnded = await this.run(300);
    for (const device of this.devices) device.calmFrom = device.notices.length;
    return hasEnded && (await this.run(300));
  }
}

/** A connection that applies the faults to its frames. */
class Connection implements ServerSocket {
  readonly user_id: number;
  readonly sessionKey: Uint8Array;
  readonly #simulation: Simulation;
  readonly #device: Device;
  #isOpen = true;
  #isDead = false;

  constructor(simulation: Simulation, device: Device) {
    this.#simulation = simulation;
    this.#device = device;
    this.user_id = device.userId;
    this.sessionKey = device.sessionKey;
    simulation.server.connect(this);
  }

  toServer(bytes: Uint8Array): void {
    this.#carry(() => this.#simulation.server.receive(this, bytes));
  }

  send(bytes: Uint8Array): void {
    this.#carry(() => this.#device.handle({ type: "frame", data: bytes }));
  }

  close(code: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#simulation.server.disconnect(this);
    const { random, faults } = this.#simulation;
    const delay = random() < faults.mute ? 1 + random() * 100 : 0.01;
    this.#simulation.schedule(delay, () => this.#device.disconnected(this, code));
  }

  cut(): void {
    this.close(1006);
  }

  die(): void {
    this.#isDead = true;
  }

  #carry(deliver: () => void | Promise<void>): void {
    if (this.#isDead) return;
    const { random, faults } = this.#simulation;
    if (random() < faults.cut) return this.cut();
    if (random() < faults.drop) return;
    const copies = random() < faults.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = random() < faults.late ? random() * 5 : 0.02;
      this.#simulation.schedule(delay, async () => {
        if (this.#isOpen) await deliver();
      });
    }
  }
}

/** A device with a disk that survives crashes, and a record of all notices. */
export class Device {
  readonly userId: number;
  readonly sessionKey: Uint8Array;
  connection: Connection | undefined;
  readonly disk = {
    outbox: new Map<string, OutgoingMessage>(),
    cursors: new Map<number, number>(),
  };
  /** Messages of the `send` events, in order. */
  readonly written: OutgoingMessage[] = [];
  readonly received: ChatMessage[] = [];
  readonly sent: string[] = [];
  readonly failed: string[] = [];
  readonly notices: SessionNotice[] = [];
  /** The seq of the last `read` event of each chat. */
  readonly marked = new Map<number, number>();
  /** Client ids of messages that were not stored when the device crashed. They are neither sent nor reported. */
  readonly lost = new Set<string>();
  /** Client ids of messages that were withdrawn. The server may have them or not. */
  readonly withdrawn = new Set<string>();
  crashes = 0;
  /** Number of the first notice of the last five minutes. */
  calmFrom = 0;
  /** Whether its clock was ever set ahead. */
  wasSetAhead = false;
  /** Seconds by which its clock is ahead. */
  #clock = 0;
  readonly #simulation: Simulation;
  readonly #number: number;
  /** Client ids that a full disk did not store, until `store_failed`. */
  readonly #unstored = new Set<string>();
  #session!: Session;
  #alarm = 0;
  /** Number of the current connection attempt. An attempt that is closed before it opens never opens. */
  #attempt = 0;

  constructor(simulation: Simulation, userId: number, number: number) {
    this.#simulation = simulation;
    this.userId = userId;
    this.#number = number;
    this.sessionKey = counting(32).map((byte) => byte + number);
    for (const [chat, members] of CHATS)
      if (members.includes(userId)) this.disk.cursors.set(chat, 0);
  }

  start(): void {
    this.#session = new Session({
      session_key: this.sessionKey,
      user_id: this.userId,
      outbox: this.disk.outbox.values(),
      cursors: this.disk.cursors,
      capabilities: ["delivered"],
      wires: this.#number % 2 === 0 ? [2, 1] : [1],
      random: this.#simulation.random,
    });
    this.handle({ type: "tick" });
  }

  get now(): number {
    return this.#simulation.now + this.#clock;
  }

  /** Sets the clock ahead by `seconds`, or back if they are negative. */
  setClock(seconds: number): void {
    this.#clock += seconds;
    if (seconds > 0) this.wasSetAhead = true;
  }

  handle(event: Parameters<Session["handle"]>[0]): void {
    for (const action of this.#session.handle(event, this.now)) this.#perform(action);
  }

  write(chat: number, isRejected: boolean): void {
    if (!CHATS.get(chat)!.includes(this.userId)) return;
    const number = this.written.length;
    const content = counting(32).map((byte) => byte ^ this.#number);
    content[0] = isRejected ? 0xff : number % 200;
    const message = {
      chat_id: chat,
      sender_id: this.userId,
      content,
      nonce: counting(12).map((byte) => byte + number),
      timestamp: Math.floor(this.#simulation.now * 1000) / 1000,
      client_id: `018bcfe5-687b-7abc-8de${this.#number}-${number.toString(16).padStart(12, "0")}`,
    };
    this.written.push(message);
    this.handle({ type: "send", message });
  }

  withdraw(chat: number): void {
    const client_id = this.written.findLast(({ chat_id }) => chat_id === chat)?.client_id;
    if (client_id === undefined || !this.disk.outbox.delete(client_id)) return;
    this.withdrawn.add(client_id);
    this.handle({ type: "withdraw", client_id });
  }

  read(chat: number): void {
    if (!CHATS.get(chat)!.includes(this.userId)) return;
    this.marked.set(chat, this.disk.cursors.get(chat)!);
    this.handle({ type: "mark", event_type: "read", chat_id: chat });
  }

  crash(): void {
    this.crashes += 1;
    this.#alarm += 1;
    for (const clientId of this.#unstored) this.lost.add(clientId);
    this.#unstored.clear();
    const { connection } = this;
    this.connection = undefined;
    connection?.cut();
    this.start();
  }

  disconnected(connection: Connection, code: number): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.handle({ type: "closed", code });
  }

  #perform(action: SessionAction): void {
    const simulation = this.#simulation;
    const { crashes } = this;
    const later = (delay: number, what: () => void) =>
      simulation.schedule(delay, () => {
        if (this.crashes === crashes) what();
      });
    switch (action.type) {
      case "connect": {
        this.connection = undefined;
        this.#attempt += 1;
        const attempt = this.#attempt;
        return later(0.05, () => {
          if (this.#attempt !== attempt) return;
          this.connection = new Connection(simulation, this);
          this.handle({ type: "connected" });
        });
      }
      case "transmit":
        return this.connection?.toServer(action.bytes);
      case "close":
        if (this.connection) return this.connection.close(action.code);
        this.#attempt += 1;
        return later(0.01, () => this.handle({ type: "closed", code: action.code }));
      case "persist": {
        const { client_id } = action.message;
        const isFull = simulation.random() < simulation.faults.full;
        if (isFull) this.#unstored.add(client_id);
        else this.disk.outbox.set(client_id, action.message);
        const type = isFull ? "store_failed" : "stored";
        return later(0.005, () => {
          this.#unstored.delete(client_id);
          this.handle({ type, client_id });
        });
      }
      case "forget":
        this.disk.outbox.delete(action.client_id);
        return;
      case "cursor":
        if (this.disk.cursors.get(action.chat_id) !== action.from)
          throw new Error("the stored cursor differs");
        this.disk.cursors.set(action.chat_id, action.seq);
        return;
      case "failed":
        this.failed.push(action.client_id);
        return;
      case "wake": {
        this.#alarm += 1;
        const alarm = this.#alarm;
        return later(Math.max(0, action.at - this.now), () => {
          if (this.#alarm === alarm) this.handle({ type: "tick" });
        });
      }
      case "deliver":
        this.notices.push(action.notice);
        if (action.notice.type === "message") this.received.push(action.notice.message);
        if (action.notice.type === "sent") this.sent.push(action.notice.client_id);
    }
  }
}
