import { generateSigner } from "../../src/crypto/ed25519.js";
import {
  Device,
  type DeviceLog,
  decryptHistory,
  encryptHistory,
  encryptPins,
  extendLog,
  type HistoryMessage,
  makeEntry,
  makeHistoryKey,
  readDeviceLink,
  readHistoryHeader,
  readHistoryKey,
  readLog,
  writeDeviceLink,
} from "../../src/mls/index.js";
import { counting } from "../support/hex.js";
import { begun, ENTRY_TIME, headOf, testKey, withDevice } from "../support/log-entries.js";
import { type Case, NOW } from "./case.js";
import { chatCases, chatsWithout } from "./mls-chat.js";

const user_id = 7;
const seed = counting(32);
const [first, recovery] = [testKey(seed), testKey(0xf1)];
const entries = withDevice(begun(first, recovery), first, testKey(0xa2));
const log = readLog(entries, { user_id });
const signer = await Device.from(seed, { user_id });
const added = await Device.generate({ user_id });
const acceptance = await added.accept(log, NOW);
const stored = await generateSigner();

const account = await Device.begin({ user_id, now: NOW });
const ownLog = extendLog(undefined, account.entry, user_id);
const historyKey = await makeHistoryKey(account.recoveryKey, user_id);
const key = readHistoryKey(historyKey, ownLog);
const pins = await encryptPins(account.device, key, {
  pins: [{ user_id: 9, seq: 1, head: counting(32), isVerified: true }],
  now: NOW,
});
const readMessage = (): HistoryMessage => ({
  ...{ seq: 1, sender_id: 9, device: added.id, client_id: "018bcfe5-687b-7abc-8def-0123456789ab" },
  ...{ timestamp: NOW, stored_at: NOW, content: { kind: "text", text: "hola" } },
});
const decrypted = (chunk: Uint8Array) =>
  decryptHistory(account.recoveryKey, chunk, { log: ownLog });

const seen = ({ user_id, seq, head, base, recoveryPublicKey, devices, entries }: DeviceLog) => {
  return { user_id, seq, head, base, recoveryPublicKey, devices, entries };
};
const seenDevice = async (device: Device) => ({
  ...{ id: device.id, publicKey: device.publicKey, user_id: device.user_id },
  acceptance: await device.accept(log, ENTRY_TIME / 1000),
});

export const cases: readonly Case[] = [
  {
    names: ["Device.from", "Device#export", "Device#id", "Device#publicKey", "Device#accept"],
    args: (bytes) => [bytes(seed), { user_id, extractable: true }],
    call: (material: Uint8Array, options: { user_id: number }) => Device.from(material, options),
    later: async (device: Device) => ({ ...(await seenDevice(device)), bytes: device.export() }),
  },
  ...(stored.cryptoKey === undefined
    ? []
    : [
        {
          names: ["Device.from", "Device#cryptoKey"],
          args: (bytes: (of: Uint8Array) => Uint8Array) => [
            { user_id, publicKey: bytes(stored.publicKey) },
          ],
          call: (options: { user_id: number; publicKey: Uint8Array }) =>
            Device.from(stored.cryptoKey!, options),
          later: seenDevice,
        } satisfies Case,
      ]),
  {
    names: ["extendLog", "DeviceLog#head", "DeviceLog#devices", "DeviceLog#entries"],
    args: (bytes) => [undefined, bytes(entries[0]!), user_id],
    call: extendLog,
    later: seen,
  },
  {
    names: ["readLog", "DeviceLog#base", "DeviceLog#recoveryPublicKey"],
    args: (bytes) => [
      entries.map(bytes),
      { user_id, pin: { seq: 1, head: bytes(headOf(entries[0]!)) } },
    ],
    call: readLog,
    later: seen,
  },
  {
    names: ["makeEntry"],
    args: (bytes) => [
      log,
      {
        ...{ op: "add", signer, now: NOW },
        ...{ publicKey: bytes(added.publicKey), acceptance: bytes(acceptance) },
      },
    ],
    call: makeEntry,
    later: (entry: Uint8Array) => seen(extendLog(log, entry)),
  },
  {
    names: ["writeDeviceLink"],
    args: (bytes) => [bytes(first.publicKey)],
    call: writeDeviceLink,
  },
  {
    names: ["readDeviceLink"],
    args: () => [writeDeviceLink(first.publicKey)],
    call: readDeviceLink,
  },
  {
    names: ["readHistoryKey"],
    args: (bytes) => [bytes(historyKey), ownLog],
    call: readHistoryKey,
  },
  {
    names: ["readHistoryHeader"],
    args: (bytes) => [bytes(pins), ownLog],
    call: readHistoryHeader,
  },
  {
    names: ["decryptHistory"],
    args: (bytes) => [account.recoveryKey, bytes(pins), { log: ownLog }],
    call: decryptHistory,
  },
  {
    names: ["encryptPins"],
    args: (bytes) => [
      account.device,
      { ...key, publicKey: bytes(key.publicKey) },
      { pins: [{ user_id: 9, seq: 1, head: bytes(counting(32)), isVerified: true }], now: NOW },
    ],
    call: async (...args: Parameters<typeof encryptPins>) => decrypted(await encryptPins(...args)),
  },
  {
    names: ["encryptHistory"],
    args: (bytes) => [
      account.device,
      { ...key, publicKey: bytes(key.publicKey) },
      { chat_id: 42, messages: [readMessage()], now: NOW },
    ],
    call: async (...args: Parameters<typeof encryptHistory>) =>
      decrypted((await encryptHistory(...args)).chunk),
  },
  ...chatCases,
];

export const without: readonly string[] = [
  ...["Device.begin", "Device.generate", "DeviceLog#seq", "DeviceLog#user_id"],
  ...["RecoveryKey.generate", "RecoveryKey#publicKey", "RecoveryKey#toText"],
  ...["readRecoveryKey", "safetyNumber", "DeviceLogError"],
  ...["makeHistoryKey", "HistoryError", "MlsChat#forked"],
  ...chatsWithout,
];
