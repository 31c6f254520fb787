import {
  ChatMessage,
  Hello,
  MessageProtocol,
  Resume,
  StatusEvent,
  Welcome,
} from "../../../../src/index.js";
import {
  acceptHello,
  answerResume,
  directionKeys,
  messageDigest,
  statusErrorCode,
} from "../../../../src/server/index.js";
import type { SessionAction } from "../../../../src/session/index.js";
import { rawFloat64, rawText, rawWire1, rawWire2 } from "../../../../src/testing/raw.js";
import { decode } from "../../../../src/wire/decode.js";
import { scan } from "../../../../src/wire/scan.js";
import { offer, SESSION_KEY, SessionFixture, transmitted } from "../../../session/fixture.js";
import { everyMessage } from "../../../support/examples.js";
import { frames, NOW, payloads } from "../seeds.js";
import { type FuzzTarget, holds } from "../target.js";

const TYPES = Object.keys(everyMessage);
/** Frames after which the target uses a new session, so that effects of an input do not accumulate. */
const SESSION_LIVES_FOR = 100;

/** An online session, with the keys of its server. */
class Online {
  readonly #fixture = new SessionFixture();
  readonly #keys: ReturnType<typeof directionKeys>;
  readonly #wire: 1 | 2;
  #time = NOW;
  fed = 0;

  constructor(wire: 1 | 2) {
    this.#wire = wire;
    this.#fixture.handle({ type: "tick" });
    const [hello] = transmitted(this.#fixture.handle({ type: "connected" }));
    const { frame } = acceptHello(hello, SESSION_KEY, { ...offer, wires: [wire] }, NOW);
    this.#fixture.handle({ type: "frame", data: frame });
    const nonces = {
      hello: Hello.fromProtocol(MessageProtocol.fromBytes(hello!)).nonce,
      welcome: Welcome.fromProtocol(MessageProtocol.fromBytes(frame)).nonce,
    };
    this.#keys = directionKeys(SESSION_KEY, nonces);
  }

  receive(data: unknown): string {
    this.fed += 1;
    return summaryOf(this.#fixture.handle({ type: "frame", data }));
  }

  /** Delivers a payload of any type, signed by the server, to the session. */
  receiveSigned(type: string, payload: Uint8Array): string {
    // Each frame has another timestamp, so that the replay guard accepts it.
    this.#time += 2 ** -20;
    const fields = { type: rawText(type), timestamp: rawFloat64(this.#time), payload };
    const { server } = this.#keys;
    return this.receive(this.#wire === 1 ? rawWire1(server, fields) : rawWire2(server, fields));
  }
}

function summaryOf(actions: readonly SessionAction[]): string {
  return actions
    .map((action) => {
      if (action.type !== "deliver") return action.type;
      const { notice } = action;
      return notice.type === "refused"
        ? `${notice.reason} ${notice.error?.code}`
        : `deliver ${notice.type}`;
    })
    .join(", ");
}

let online = new Online(2);

function session(wire: 1 | 2): Online {
  if (online.fed >= SESSION_LIVES_FOR) online = new Online(wire);
  return online;
}

const withChoice = payloads.map((payload, at) => Uint8Array.of(at, ...payload));
const [helloFrame] = (() => {
  const fixture = new SessionFixture();
  fixture.handle({ type: "tick" });
  return transmitted(fixture.handle({ type: "connected" }));
})();

export const sessionTargets: readonly FuzzTarget[] = [
  {
    name: "a session's frames",
    weight: 4,
    seeds: frames,
    run: (input) => session(1).receive(input),
  },
  {
    name: "a session's frames, validly signed",
    weight: 2,
    seeds: withChoice,
    run(input) {
      const type = TYPES[(input[0] ?? 0) % TYPES.length]!;
      return session(input.length % 2 === 0 ? 1 : 2).receiveSigned(type, input.subarray(1));
    },
  },
  {
    name: "a session's handshake",
    weight: 1,
    seeds: frames,
    run(input) {
      const fixture = new SessionFixture();
      fixture.handle({ type: "tick" });
      fixture.handle({ type: "connected" });
      return summaryOf(fixture.handle({ type: "frame", data: input }));
    },
  },
  {
    name: "acceptHello",
    weight: 1,
    seeds: [helloFrame!, ...frames],
    run(input) {
      const accepted = acceptHello(input, SESSION_KEY, offer, NOW);
      return `wire ${accepted.channel.wire}`;
    },
  },
  {
    name: "acceptHello, validly signed",
    weight: 1,
    seeds: payloads,
    run(input) {
      const { client } = directionKeys(SESSION_KEY);
      const fields = { type: rawText("hello"), timestamp: rawFloat64(NOW), payload: input };
      const accepted = acceptHello(rawWire1(client, fields), SESSION_KEY, offer, NOW);
      return `wire ${accepted.channel.wire}`;
    },
  },
  {
    name: "a server's digests, receipts and resumes",
    weight: 2,
    seeds: payloads,
    run(input) {
      scan(input);
      const value = decode(input, 0);
      const [message, status, resume] = [
        ChatMessage.safeParse(value),
        StatusEvent.safeParse(value),
        Resume.safeParse(value),
      ];
      if (message.success) {
        holds(messageDigest(message.value).length === 32, "a digest has 32 bytes");
        return "message";
      }
      if (status.success) return String(statusErrorCode(status.value, { user_id: 7, last_seq: 3 }));
      if (resume.success) {
        const answer = answerResume(resume.value, { last_seq: 3, messages: [] });
        return `resume ${answer.has_more}`;
      }
      throw message.error;
    },
  },
];
