import {
  ChatMessage,
  Hello,
  MessageProtocol,
  Resume,
  StatusEvent,
  Welcome,
} from "../../../src/index.js";
import {
  acceptHello,
  answerResume,
  bodyDigest,
  directionKeys,
  isSameBody,
  markRefusal,
  type SessionAction,
} from "../../../src/session/index.js";
import { rawFloat64, rawText, rawWire1, rawWire2 } from "../../../src/testing/raw.js";
import { decode } from "../../../src/wire/decode.js";
import { scan } from "../../../src/wire/scan.js";
import { offer, SESSION_KEY, Stage, transmitted } from "../../../test/session/stage.js";
import { everyMessage } from "../../../test/support/examples.js";
import { frames, NOW, payloads } from "../seeds.js";
import { type FuzzTarget, holds } from "../target.js";

const TYPES = Object.keys(everyMessage);
/** Frames after which a session is made anew, so that one input's doing does not last. */
const SESSION_LIVES_FOR = 100;

/** A session that is online, and what is needed to speak to it as its server. */
class Online {
  readonly #stage = new Stage();
  readonly #keys: ReturnType<typeof directionKeys>;
  readonly #wire: 1 | 2;
  #time = NOW;
  fed = 0;

  constructor(wire: 1 | 2) {
    this.#wire = wire;
    this.#stage.handle({ type: "tick" });
    const [hello] = transmitted(this.#stage.handle({ type: "connected" }));
    const { frame } = acceptHello(hello, SESSION_KEY, { ...offer, wires: [wire] }, NOW)!;
    this.#stage.handle({ type: "frame", data: frame });
    const nonces = {
      hello: Hello.fromProtocol(MessageProtocol.fromBytes(hello!)).nonce,
      welcome: Welcome.fromProtocol(MessageProtocol.fromBytes(frame)).nonce,
    };
    this.#keys = directionKeys(SESSION_KEY, nonces);
  }

  hear(data: unknown): string {
    this.fed += 1;
    return summaryOf(this.#stage.handle({ type: "frame", data }));
  }

  /** Has the session hear a payload of any type that its server signs. */
  hearSigned(type: string, payload: Uint8Array): string {
    // Never the same frame twice, which a replay guard would refuse.
    this.#time += 2 ** -20;
    const fields = { type: rawText(type), timestamp: rawFloat64(this.#time), payload };
    const { server } = this.#keys;
    return this.hear(this.#wire === 1 ? rawWire1(server, fields) : rawWire2(server, fields));
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
  const stage = new Stage();
  stage.handle({ type: "tick" });
  return transmitted(stage.handle({ type: "connected" }));
})();

export const sessionTargets: readonly FuzzTarget[] = [
  {
    name: "a session's frames",
    weight: 4,
    seeds: frames,
    run: (input) => session(1).hear(input),
  },
  {
    name: "a session's frames, rightly signed",
    weight: 2,
    seeds: withChoice,
    run(input) {
      const type = TYPES[(input[0] ?? 0) % TYPES.length]!;
      return session(input.length % 2 === 0 ? 1 : 2).hearSigned(type, input.subarray(1));
    },
  },
  {
    name: "a session's greeting",
    weight: 1,
    seeds: frames,
    run(input) {
      const stage = new Stage();
      stage.handle({ type: "tick" });
      stage.handle({ type: "connected" });
      return summaryOf(stage.handle({ type: "frame", data: input }));
    },
  },
  {
    name: "acceptHello",
    weight: 1,
    seeds: [helloFrame!, ...frames],
    run(input) {
      const accepted = acceptHello(input, SESSION_KEY, offer, NOW);
      return accepted === undefined ? "no common wire" : `wire ${accepted.channel.wire}`;
    },
  },
  {
    name: "acceptHello, rightly signed",
    weight: 1,
    seeds: payloads,
    run(input) {
      const { client } = directionKeys(SESSION_KEY);
      const fields = { type: rawText("hello"), timestamp: rawFloat64(NOW), payload: input };
      const accepted = acceptHello(rawWire1(client, fields), SESSION_KEY, offer, NOW);
      return accepted === undefined ? "no common wire" : `wire ${accepted.channel.wire}`;
    },
  },
  {
    name: "a server's digests, marks and resumes",
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
        holds(bodyDigest(message.value).length === 32, "a digest has 32 bytes");
        holds(isSameBody(message.value, message.value), "a body is its own");
        return "message";
      }
      if (status.success) return String(markRefusal(status.value, { user_id: 7, last_seq: 3 }));
      if (resume.success) {
        const answer = answerResume(resume.value, { last_seq: 3, messages: [] });
        return `resume ${answer.has_more}`;
      }
      throw message.error;
    },
  },
];
