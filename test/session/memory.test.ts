import { describe, expect, it } from "vitest";
import { ChatMessage } from "../../src/index.js";
import { acceptHello } from "../../src/server/index.js";
import { Session } from "../../src/session/index.js";
import { detach } from "../support/byte-arrays.js";
import { NOW } from "../support/examples.js";
import {
  ALICE,
  CHAT,
  fromAlice,
  notices,
  only,
  SESSION_KEY,
  SessionFixture,
  transmitted,
} from "./fixture.js";

const wipe = (bytes: Uint8Array) => void bytes.fill(0);
const changes = { wipe, detach };

describe.each(Object.entries(changes))("the session keeps copies: %s", (_, change) => {
  it("the content and the nonce of a message of a send event", () => {
    const fixture = SessionFixture.online();
    const message = fromAlice(1);
    fixture.handle({ type: "send", message });
    for (const bytes of [message.content, message.nonce]) change(bytes);
    const other = fromAlice(2, CHAT + 1);
    fixture.handle({ type: "send", message: other });
    fixture.handle({ type: "stored", client_id: other.client_id });
    const [sent] = fixture.read(fixture.handle({ type: "stored", client_id: message.client_id }));
    expect(ChatMessage.fromProtocol(sent!)).toEqual(fromAlice(1));
  });

  it("the entries of a restored outbox", () => {
    const message = fromAlice(1);
    const fixture = new SessionFixture({ outbox: [message] });
    for (const bytes of [message.content, message.nonce]) change(bytes);
    const [sent] = fixture.read(fixture.connect()).filter(({ type }) => type === "message");
    expect(ChatMessage.fromProtocol(sent!)).toEqual(fromAlice(1));
  });

  it("the message of a persist action", () => {
    const fixture = SessionFixture.online();
    const actions = fixture.handle({ type: "send", message: fromAlice(1) });
    const { message } = only(actions, "persist")[0]!;
    for (const bytes of [message.content, message.nonce]) change(bytes);
    const [sent] = fixture.read(fixture.handle({ type: "stored", client_id: message.client_id }));
    expect(ChatMessage.fromProtocol(sent!)).toEqual(fromAlice(1));
  });

  it("the session key", () => {
    const session_key = SESSION_KEY.slice();
    const fixture = new SessionFixture({ session_key });
    change(session_key);
    expect(notices(fixture.connect())).toContainEqual(expect.objectContaining({ type: "online" }));
  });
});

it("the session copies its options", () => {
  const options = {
    session_key: SESSION_KEY,
    user_id: ALICE,
    device_id: "phone",
    wires: [1 as const],
    capabilities: ["delivered"],
    random: () => 0.5,
  };
  const session = new Session(options);
  Object.assign(options, { user_id: 1, device_id: 5, session_key: new Uint8Array(32), random: 1 });
  options.wires.pop();
  options.capabilities.push("x".repeat(99));
  session.handle({ type: "tick" }, NOW);
  const [hello] = transmitted(session.handle({ type: "connected" }, NOW));
  const offer = { capabilities: [], limits: {}, heartbeat: 30 };
  expect(acceptHello(hello, SESSION_KEY, offer, NOW)).toMatchObject({
    hello: { wires: [1], capabilities: ["delivered", "pipeline"], device_id: "phone" },
  });
  const wakes = only(session.handle({ type: "closed", code: 1006 }, NOW), "wake");
  expect(wakes[0]!.at).toBeCloseTo(NOW + 0.5, 3);
});

it("the application cannot change the capabilities of a connection", () => {
  const [online] = notices(new SessionFixture({ capabilities: ["delivered"] }).connect());
  expect(online).toMatchObject({ type: "online", capabilities: ["delivered"] });
  expect(() => (online as unknown as { capabilities: string[] }).capabilities.pop()).toThrow(
    TypeError,
  );
});

it("reads the getters of a message once", () => {
  const fixture = SessionFixture.online();
  fixture.send(fromAlice(1));
  const second = fromAlice(2);
  let reads = 0;
  const message = {
    ...second,
    get client_id() {
      reads += 1;
      return reads === 1 ? second.client_id : fromAlice(1).client_id;
    },
  };
  const actions = fixture.handle({ type: "send", message });
  expect(only(actions, "persist")).toMatchObject([{ message: { client_id: second.client_id } }]);
  expect(reads).toBe(1);
});
