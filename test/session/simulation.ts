import type { ChatMessage } from "../../src/index.js";
import {
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionNotice,
} from "../../src/session/index.js";
import { counting } from "../support/hex.js";
import { ModelServer, type ServerSocket } from "./model-server.js";

/** What may happen to frames, each as a chance from 0 to 1. */
export interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  /** The chance of a frame being so late that others overtake it. */
  readonly late: number;
  /** The chance of a connection breaking at a frame. */
  readonly cut: number;
  /** The chance of the server being busy. */
  readonly busy: number;
  /** The chance of a device not being told that its connection is closed, or only when it has another. */
  readonly mute: number;
}

/** What a plan has happen, one after the other. */
export type Step =
  | {
      readonly kind: "send";
      readonly device: number;
      readonly chat: number;
      readonly isRefused: boolean;
    }
  | { readonly kind: "read"; readonly device: number; readonly chat: number }
  | { readonly kind: "cut"; readonly device: number }
  | { readonly kind: "crash"; readonly device: number }
  | { readonly kind: "restart" }
  | { readonly kind: "clock"; readonly device: number; readonly seconds: number }
  | { readonly kind: "delete"; readonly chat: number }
  | { readonly kind: "wait"; readonly seconds: number };

export interface Plan {
  readonly seed: number;
  readonly weather: Weather;
  readonly steps: readonly Step[];
}

const CHATS = new Map([
  [1, [1, 2]],
  [2, [2, 3]],
]);
/** Whose the devices are: alice has two, benito and carol one. */
export const DEVICES = [1, 1, 2, 3] as const;
const CALM: Weather = { drop: 0, duplicate: 0, late: 0, cut: 0, busy: 0, mute: 0 };

/** A small generator that a seed determines (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A world of one server, four devices and a network, in which time passes when it is told to. */
export class Simulation {
  now = 1_700_000_000;
  weather: Weather;
  readonly random: () => number;
  readonly server: ModelServer;
  readonly devices: readonly Device[];
  /** What will happen, in order. */
  readonly #agenda: { readonly at: number; readonly what: () => void }[] = [];

  constructor({ seed, weather }: Pick<Plan, "seed" | "weather">) {
    this.random = randomFrom(seed);
    this.weather = weather;
    this.server = new ModelServer(CHATS, {
      isBusy: () => this.random() < this.weather.busy,
      refuses: ({ content }) => content[0] === 0xff,
    });
    this.devices = DEVICES.map((userId, at) => new Device(this, userId, at));
    for (const device of this.devices) device.start();
  }

  schedule(delay: number, what: () => void): void {
    const at = this.now + delay;
    const later = this.#agenda.findIndex((one) => one.at > at);
    this.#agenda.splice(later === -1 ? this.#agenda.length : later, 0, { at, what });
  }

  /** Lets time pass; returns false if so much happens that it will not end. */
  run(seconds: number): boolean {
    const end = this.now + seconds;
    for (let events = 0; events < 200_000; events++) {
      if (this.#agenda[0] === undefined || this.#agenda[0].at > end) {
        this.now = end;
        return true;
      }
      const { at, what } = this.#agenda.shift()!;
      this.now = at;
      what();
    }
    return false;
  }

  perform(step: Step): void {
    switch (step.kind) {
      case "send":
        return this.devices[step.device]!.write(step.chat, step.isRefused);
      case "read":
        return this.devices[step.device]!.read(step.chat);
      case "cut":
        return this.devices[step.device]!.connection?.cut();
      case "crash":
        return this.devices[step.device]!.crash();
      case "clock":
        this.devices[step.device]!.clock += step.seconds;
        return;
      case "restart":
        for (const socket of this.server.restart()) socket.close(1006);
        return;
      case "delete":
        return this.server.delete(
          step.chat,
          1 + Math.floor(this.random() * this.server.lastSeq(step.chat)),
        );
      case "wait":
        this.run(step.seconds);
    }
  }

  /** Good weather, and a last break of every connection: frames that were dropped at the very end are noticed by nobody else. */
  settle(): boolean {
    this.weather = CALM;
    for (const device of this.devices) device.connection?.cut();
    return this.run(600);
  }
}

/** A connection, whose frames the weather has its way with. */
class Connection implements ServerSocket {
  readonly user_id: number;
  readonly sessionKey: Uint8Array;
  readonly #world: Simulation;
  readonly #device: Device;
  #isOpen = true;

  constructor(world: Simulation, device: Device) {
    this.#world = world;
    this.#device = device;
    this.user_id = device.userId;
    this.sessionKey = device.sessionKey;
    world.server.connect(this);
  }

  toServer(bytes: Uint8Array): void {
    this.#carry(() => this.#world.server.receive(this, bytes, this.#world.now));
  }

  send(bytes: Uint8Array): void {
    this.#carry(() => this.#device.handle({ type: "frame", data: bytes }));
  }

  close(code: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#world.server.disconnect(this);
    const { random, weather } = this.#world;
    const delay = random() < weather.mute ? 1 + random() * 100 : 0.01;
    this.#world.schedule(delay, () => this.#device.disconnected(this, code));
  }

  cut(): void {
    this.close(1006);
  }

  #carry(deliver: () => void): void {
    const { random, weather } = this.#world;
    if (random() < weather.cut) return this.cut();
    if (random() < weather.drop) return;
    const copies = random() < weather.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = random() < weather.late ? random() * 5 : 0.02;
      this.#world.schedule(delay, () => {
        if (this.#isOpen) deliver();
      });
    }
  }
}

/** A device with a disk, which outlives its crashes, and what its application was told. */
export class Device {
  readonly userId: number;
  readonly sessionKey: Uint8Array;
  connection: Connection | undefined;
  readonly disk = {
    outbox: new Map<string, OutgoingMessage>(),
    cursors: new Map<number, number>(),
  };
  /** What was handed over to be sent, in order. */
  readonly written: OutgoingMessage[] = [];
  readonly received: ChatMessage[] = [];
  readonly sent: string[] = [];
  readonly failed: string[] = [];
  readonly notices: SessionNotice[] = [];
  crashes = 0;
  /** How far its clock is ahead. */
  clock = 0;
  readonly #world: Simulation;
  readonly #number: number;
  #session!: Session;
  #alarm = 0;
  /** Counts the sockets: one that is not open yet when it is told to close does not open any more. */
  #attempt = 0;

  constructor(world: Simulation, userId: number, number: number) {
    this.#world = world;
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
      random: this.#world.random,
    });
    this.handle({ type: "tick" });
  }

  get now(): number {
    return this.#world.now + this.clock;
  }

  handle(event: Parameters<Session["handle"]>[0]): void {
    for (const action of this.#session.handle(event, this.now)) this.#perform(action);
  }

  write(chat: number, isRefused: boolean): void {
    if (!CHATS.get(chat)!.includes(this.userId)) return;
    const number = this.written.length;
    const content = counting(32).map((byte) => byte ^ this.#number);
    content[0] = isRefused ? 0xff : number % 200;
    const message = {
      chat_id: chat,
      sender_id: this.userId,
      content,
      nonce: counting(12).map((byte) => byte + number),
      timestamp: Math.floor(this.#world.now * 1000) / 1000,
      client_id: `018bcfe5-687b-7abc-8de${this.#number}-${number.toString(16).padStart(12, "0")}`,
    };
    this.written.push(message);
    this.handle({ type: "send", message });
  }

  read(chat: number): void {
    if (CHATS.get(chat)!.includes(this.userId))
      this.handle({ type: "mark", event_type: "read", chat_id: chat });
  }

  crash(): void {
    this.crashes += 1;
    this.#alarm += 1;
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
    const world = this.#world;
    const { crashes } = this;
    const later = (delay: number, what: () => void) =>
      world.schedule(delay, () => {
        if (this.crashes === crashes) what();
      });
    switch (action.type) {
      case "connect": {
        this.connection = undefined;
        this.#attempt += 1;
        const attempt = this.#attempt;
        return later(0.05, () => {
          if (this.#attempt !== attempt) return;
          this.connection = new Connection(world, this);
          this.handle({ type: "connected" });
        });
      }
      case "transmit":
        return this.connection?.toServer(action.bytes);
      case "close":
        if (this.connection) return this.connection.close(action.code);
        this.#attempt += 1;
        return later(0.01, () => this.handle({ type: "closed", code: action.code }));
      case "persist":
        this.disk.outbox.set(action.message.client_id, action.message);
        return later(0.005, () =>
          this.handle({ type: "stored", client_id: action.message.client_id }),
        );
      case "forget":
        this.disk.outbox.delete(action.client_id);
        return;
      case "cursor":
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
