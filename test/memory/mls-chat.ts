import { MlsChat, readKeyPackageHeader, readMessageHeader } from "../../src/mls/index.js";
import { chatOf, identity, logsOf, newUser, now, text, write } from "../support/mls-chat.js";
import type { Bytes, Case } from "./case.js";

const users = [await newUser(7), await newUser(9), await newUser(11)];
const [alice, bob] = await chatOf(users.slice(0, 2));
const [device, , carol] = users.map(({ devices }) => devices[0]!);
const logs = logsOf(users);
const { publish, keep } = await carol!.keyPackages({ count: 1, suites: [1] });
const [keyPackage] = publish;
const own = identity();
const adding = await alice!.commit({ add: [11], keyPackages: publish, logs, ...own });
const { invitation, group_info, message: commit } = adding.request;
const sent = await write(bob!, "hola");

const seen = (chat: MlsChat) => ({
  ...{ state: chat.state, chat_id: chat.chat_id, suite: chat.suite, epoch: chat.epoch },
  ...{ roster: chat.roster, members: chat.members, authenticator: chat.authenticator },
  ...{ pending: chat.pending, isActive: chat.isActive, needsRejoin: chat.needsRejoin },
});

type Step = Awaited<ReturnType<MlsChat["commit"]>>;
/** What does not differ between two commits of the same changes. The library does not keep the request, which is the caller's. */
const changesOf = ({ chat, request, missing }: Step) => ({
  ...structuredClone({ missing, add: request.add, remove: request.remove }),
  ...{ epoch: request.message.epoch, devices: [...(request.invitation?.device_ids ?? [])] },
  pending: chat.pending?.add,
});

const received = (message: typeof commit) => (bytes: Bytes) => [
  { ...message, content: bytes(message.content), nonce: bytes(message.nonce) },
  [...logs],
];

export const chatCases: readonly Case[] = [
  {
    names: ["MlsChat.load", "MlsChat#state", "MlsChat#pending"],
    args: (bytes) => [device, bytes(adding.chat.state)],
    call: MlsChat.load,
    later: seen,
  },
  {
    names: ["MlsChat.join"],
    args: (bytes) => [
      carol,
      {
        ...{ chat_id: 42, content: bytes(invitation!.content), now },
        ...{ keep: keep.map(bytes), logs: [...logs] },
      },
    ],
    call: MlsChat.join,
    later: ({ chat, used }: Awaited<ReturnType<typeof MlsChat.join>>) => ({ ...seen(chat), used }),
  },
  {
    names: ["MlsChat.create"],
    args: (bytes) => [
      device,
      {
        ...{ chat_id: 42, suite: 1, add: [11], logs: [...logs], ...own },
        keyPackages: [bytes(keyPackage!)],
      },
    ],
    call: MlsChat.create,
    later: changesOf,
  },
  {
    names: ["MlsChat.rejoin"],
    args: (bytes) => [
      carol,
      { ...{ chat_id: 42, group_info: bytes(group_info), logs: [...logs] }, ...own },
    ],
    call: MlsChat.rejoin,
    later: changesOf,
  },
  {
    names: ["MlsChat#commit"],
    args: (bytes) => [
      { add: [11], keyPackages: [bytes(keyPackage!)], remove: [9], logs: [...logs], ...own },
    ],
    call: (changes: Parameters<MlsChat["commit"]>[0]) => alice!.commit(changes),
    later: changesOf,
  },
  ...[sent.message, commit].map(
    (message): Case => ({
      names: ["MlsChat#receive"],
      isReported: true,
      args: received(message),
      call: (...args: Parameters<MlsChat["receive"]>) =>
        (message === commit ? bob! : alice!).receive(...args),
      later: ({ chat, event }: Awaited<ReturnType<MlsChat["receive"]>>) => ({
        event: structuredClone(event),
        ...seen(chat),
      }),
    }),
  ),
  {
    names: ["MlsChat#encrypt"],
    args: () => [{ content: text("hola"), ...own }],
    call: (message: Parameters<MlsChat["encrypt"]>[0]) => alice!.encrypt(message),
    later: async ({ message }: Awaited<ReturnType<MlsChat["encrypt"]>>) => {
      const { client_id, timestamp } = message;
      return { client_id, timestamp, event: (await bob!.receive(message)).event };
    },
  },
  {
    names: ["MlsChat#leave"],
    args: () => [{ ...own }],
    call: (given: typeof own) => bob!.leave(given),
    later: ({ message: { client_id, timestamp } }: Awaited<ReturnType<MlsChat["leave"]>>) => {
      return { client_id, timestamp };
    },
  },
  {
    names: ["readMessageHeader"],
    args: (bytes) => [bytes(sent.message.content)],
    call: readMessageHeader,
  },
  {
    names: ["readKeyPackageHeader"],
    args: (bytes) => [bytes(keyPackage!)],
    call: readKeyPackageHeader,
  },
];

export const chatsWithout: readonly string[] = [
  ...["MlsChat#chat_id", "MlsChat#suite", "MlsChat#epoch", "MlsChat#roster", "MlsChat#members"],
  ...["MlsChat#authenticator", "MlsChat#isActive", "MlsChat#needsRejoin", "MlsChat#accept"],
  ...[
    "MlsChat#withdraw",
    "MlsChat#due",
    "MlsChat#missing",
    "MlsChat#forked",
    "MlsChat#eraseConsumed",
  ],
  ...["Device#keyPackages", "MlsChatError"],
];
