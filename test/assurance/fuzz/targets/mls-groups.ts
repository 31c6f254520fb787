import { ed25519 } from "@noble/curves/ed25519.js";
import { decodePrivateMessageContent, encodePrivateMessageContent } from "ts-mls/privateMessage.js";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { LacreError } from "../../../../src/errors.js";
import { Group, readKeyPackage } from "../../../../src/mls/engine.js";
import type { Received, Rules } from "../../../../src/mls/engine-types.js";
import { Device, extendLog, MlsChat, makeEntry } from "../../../../src/mls/index.js";
import { utf8 } from "../../../support/hex.js";
import { acceptAll, groupOf, none, TestDevice } from "../../../support/mls.js";
import { chatOf, newUser, now, write } from "../../../support/mls-chat.js";
import {
  hostileGroupInfo,
  hostileMessage,
  hostilePlaintext,
  stateOf,
} from "../../../support/mls-hostile.js";
import { type FuzzTarget, holds } from "../target.js";

const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;
const isOneOf = (all: readonly Uint8Array[], input: Uint8Array) =>
  all.some((one) => isSame(one, input));

/** Returns a device with a random key, so that no input of an earlier run is valid. */
function randomDevice(number: number): TestDevice {
  const { secretKey, publicKey } = ed25519.keygen();
  return new TestDevice(number, { publicKey, sign: (data) => ed25519.sign(data, secretKey) });
}

const { devices, groups } = await groupOf(2, 1, [randomDevice(0), randomDevice(1)]);
const [writer, reader] = groups as [Group, Group];
const { signer } = devices[0]!;
const [added, late] = [randomDevice(5), randomDevice(6)];
const { publish, keep } = await added.keyPackage();
const keys = [...devices, added].map(({ signer: { publicKey } }) => publicKey);
const ownDevices: Rules = { credential: (_, key) => isOneOf(keys, key), change: () => true };
const before = await writer.commit(signer, {}, none, acceptAll);
const commit = await before.group.commit(signer, { add: [publish] }, none, acceptAll);
const joining = await Group.joinExternally(
  late.signer,
  commit.groupInfo,
  late.identity,
  none,
  acceptAll,
);
const tree = encodeRatchetTree(stateOf(commit.group).ratchetTree);
const messages = [
  (await writer.encrypt(signer, utf8("a text"), none)).message,
  (await writer.propose(signer, 0, none)).message,
  before.message,
];

/** Permitted milliseconds where a device joins: a valid join takes 20 ms, and more on a slow machine. */
const JOIN_MS = 50;

const contentTypes = ["application", "proposal", "commit"] as const;
const removal = { proposalType: "remove", remove: { removed: 0 } } as const;
const item = { proposalOrRefType: "proposal", proposal: removal } as const;
const auth = (contentType: string) => ({
  ...{ contentType, signature: new Uint8Array(64), confirmationTag: new Uint8Array(32) },
});
/** Contents of messages without their signature. The first byte says which type it is. */
const contents = [
  { contentType: "application", applicationData: utf8("a text") },
  { contentType: "proposal", proposal: removal },
  { contentType: "commit", commit: { proposals: [item, item], path: undefined } },
].map((content, at) => {
  const encode = encodePrivateMessageContent({ kind: "padUntilLength", padUntilLength: 0 });
  return Uint8Array.of(at, ...encode({ ...content, auth: auth(content.contentType) } as never));
});

const users = [await newUser(7), await newUser(9)];
const [alice, bob] = (await chatOf(users)) as [MlsChat, MlsChat];
const sent = await write(alice, "a text");
const state = bob.state;

const user = await newUser(11);
const phone = await Device.generate({ user_id: 11, extractable: true });
const acceptance = await phone.accept(user.log, now);

const kindOf = ({ received }: { received: Received }) => received.kind;

export const mlsGroupTargets: readonly FuzzTarget[] = [
  {
    name: "readKeyPackage",
    weight: 1,
    seeds: [publish],
    run: (input) => String(readKeyPackage(input).suite),
  },
  {
    name: "Group#receive",
    weight: 1,
    seeds: messages,
    async run(input) {
      const kind = kindOf(await reader.receive(input, acceptAll));
      holds(isOneOf(messages, input), "no forged message is accepted");
      return kind;
    },
  },
  {
    name: "Group#receive, an external commit",
    weight: 1,
    milliseconds: JOIN_MS,
    seeds: [joining.message],
    async run(input) {
      const kind = kindOf(await commit.group.receive(input, acceptAll));
      holds(isSame(input, joining.message), "no forged commit is accepted");
      return kind;
    },
  },
  {
    name: "Group#receive, encrypted by a member",
    weight: 1,
    seeds: contents,
    sizeOf: () => 0,
    async run(input) {
      const type = contentTypes[(input[0] ?? 0) % 3]!;
      const message = await hostilePlaintext(writer, type, input.subarray(1));
      const error = await reader.receive(message, acceptAll).catch((thrown: unknown) => thrown);
      holds(error instanceof LacreError, "no message without a signature is accepted");
      return (error as LacreError).code;
    },
  },
  {
    name: "Group#receive, encrypted and signed by a member",
    weight: 1,
    seeds: contents,
    async run(input) {
      const type = contentTypes[(input[0] ?? 0) % 3]!;
      let content: unknown;
      try {
        [content] = decodePrivateMessageContent(type)(input.subarray(1), 0)!;
      } catch {
        return "not decodable";
      }
      const message = await hostileMessage(writer, signer, content as never);
      return kindOf(await reader.receive(message, acceptAll));
    },
  },
  {
    name: "Group.join",
    weight: 1,
    milliseconds: JOIN_MS,
    seeds: [commit.welcome!],
    async run(input) {
      const { used } = await Group.join(input, [keep], acceptAll);
      holds(isSame(input, commit.welcome!), "no forged welcome is accepted");
      return String(used);
    },
  },
  {
    name: "Group.joinExternally",
    weight: 1,
    milliseconds: JOIN_MS,
    seeds: [commit.groupInfo],
    async run(input) {
      await Group.joinExternally(late.signer, input, late.identity, none, ownDevices);
      holds(isSame(input, commit.groupInfo), "no forged group info is accepted");
      return "joined";
    },
  },
  {
    name: "Group.joinExternally, a tree that a member signed",
    weight: 1,
    milliseconds: JOIN_MS,
    seeds: [tree],
    async run(input) {
      let signed: Uint8Array;
      try {
        const [decoded] = decodeRatchetTree(input, 0)!;
        signed = await hostileGroupInfo(commit.group, signer, decoded);
      } catch {
        return "not decodable";
      }
      const joined = await Group.joinExternally(
        late.signer,
        signed,
        late.identity,
        none,
        acceptAll,
      );
      // A member can sign a tree without other members.
      const own = commit.group.roster.map(({ signatureKey }) => signatureKey);
      own.push(late.signer.publicKey);
      holds(
        joined.group.roster.every(({ signatureKey }) => isOneOf(own, signatureKey)),
        "no tree with strangers is accepted",
      );
      return "joined";
    },
  },
  {
    name: "Group.import",
    weight: 1,
    seeds: [reader.export(), reader.withoutPast().export()],
    async run(input) {
      const group = await Group.import(input);
      holds(isSame(group.export(), input), "one group has one state");
      return `${group.roster.length}`;
    },
  },
  {
    name: "MlsChat#receive",
    weight: 1,
    seeds: [sent.message.content],
    async run(input) {
      const { event } = await bob.receive({ ...sent.message, content: input });
      holds(
        event.kind !== "content" || isSame(input, sent.message.content),
        "no forged message is read",
      );
      return "reason" in event ? `${event.kind} ${event.reason}` : event.kind;
    },
  },
  {
    name: "MlsChat.load",
    weight: 1,
    seeds: [state],
    async run(input) {
      const chat = await MlsChat.load(users[1]!.devices[0]!, input);
      holds(isSame(chat.state, input), "one chat has one state");
      return `${chat.members.length}`;
    },
  },
  {
    name: "makeEntry, the acceptance",
    weight: 1,
    seeds: [acceptance],
    async run(input) {
      const change = { op: "add" as const, signer: user.devices[0]!, publicKey: phone.publicKey };
      const entry = await makeEntry(user.log, { ...change, acceptance: input, now });
      holds(extendLog(user.log, entry).seq === 2, "an entry that was made extends the log");
      return "made";
    },
  },
];
