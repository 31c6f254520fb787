import { beforeAll, describe, expect, it } from "vitest";
import { concat } from "../../src/bytes.js";
import { DecodeError } from "../../src/index.js";
import { encodeCredential } from "../../src/mls/credential.js";
import { deviceId } from "../../src/mls/device-id.js";
import { Group, makeKeyPackages, readHeader } from "../../src/mls/engine.js";
import type { Signer, Suite } from "../../src/mls/engine-types.js";
import { readKeyPackageHeader, readMessageHeader } from "../../src/mls/index.js";
import { uint } from "../../src/wire/layout.js";
import { detach } from "../support/byte-arrays.js";
import { counting } from "../support/hex.js";
import { testKey } from "../support/log-entries.js";
import { acceptAll, none, suites } from "../support/mls.js";
import { Random } from "../support/random.js";
import { runs } from "../support/runs.js";

const chat_id = 42;
const user_id = 7;
const groupId = concat(uint(chat_id, 8), counting(16));
const [first, second] = [testKey(1), testKey(2)];
const identityOf = ({ publicKey }: Signer) =>
  encodeCredential({ user_id, device: deviceId(publicKey) });

async function keyPackageOf(
  signer: Signer,
  identity: Uint8Array = identityOf(signer),
  suite: Suite = 1,
) {
  const [made] = await makeKeyPackages(signer, identity, suite, 1);
  return made!.publish;
}

async function messagesOf(id: Uint8Array, suite: Suite = 1) {
  const identity = identityOf(first);
  const group = await Group.create(first, {
    suite,
    groupId: id,
    identity,
  });
  const commit = await group.commit(first, {}, none, acceptAll);
  const external = Group.joinExternally(
    second,
    commit.groupInfo,
    identityOf(second),
    counting(60),
    acceptAll,
  );
  return {
    application: (await group.encrypt(first, counting(300), counting(51))).message,
    proposal: (await group.propose(first, 0, none)).message,
    commit: commit.message,
    external: (await external).message,
  };
}

let messages: Awaited<ReturnType<typeof messagesOf>>;
let keyPackage: Uint8Array;

beforeAll(async () => {
  messages = await messagesOf(groupId);
  keyPackage = await keyPackageOf(first);
});

/** Returns the bytes with others from an offset on. */
function changed(bytes: Uint8Array, at: number, ...others: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(others, at);
  return copy;
}

/** Returns a vector of RFC 9420 whose length has a given number of bytes. */
function vector(content: Uint8Array, size: 1 | 2 | 4): Uint8Array {
  const length = uint(content.length, size);
  length[0]! |= { 1: 0x00, 2: 0x40, 4: 0x80 }[size];
  return concat(length, content);
}

/** Returns a private message with an authenticated data of any encoding. */
function privateMessage(authenticatedData: Uint8Array): Uint8Array {
  const [start, empty] = [Uint8Array.of(0, 1, 0, 2), Uint8Array.of(0)];
  const fields = [vector(groupId, 1), uint(3, 8), Uint8Array.of(1)];
  return concat(start, ...fields, authenticatedData, empty, empty);
}

describe("readMessageHeader", () => {
  it.each(suites)("reads the messages of a chat's group of suite %i", async (suite) => {
    const { application, proposal, commit, external } = await messagesOf(groupId, suite);
    const read = (epoch: number, content_type: string) => ({ chat_id, epoch, content_type });
    expect(readMessageHeader(application)).toEqual(read(0, "application"));
    expect(readMessageHeader(proposal)).toEqual(read(0, "proposal"));
    expect(readMessageHeader(commit)).toEqual(read(0, "commit"));
    expect(readMessageHeader(external)).toEqual(read(1, "commit"));
  });

  it("reads epochs up to 2^53 − 1", () => {
    const { application } = messages;
    const withEpoch = (...bytes: number[]) => changed(application, 29, ...bytes);
    const last = withEpoch(0, 0x1f, 255, 255, 255, 255, 255, 255);
    expect(readMessageHeader(last).epoch).toBe(Number.MAX_SAFE_INTEGER);
    const past = withEpoch(0, 0x20, 0, 0, 0, 0, 0, 0);
    expect(() => readMessageHeader(past)).toThrow(DecodeError);
    expect(() => readMessageHeader(withEpoch(255))).toThrow(DecodeError);
  });

  it("rejects groups that are not those of a chat", async () => {
    const random = counting(16);
    const ids = [
      concat(uint(0, 8), random),
      concat(uint(2 ** 53, 8), random),
      concat(uint(chat_id, 8), counting(15)),
      concat(uint(chat_id, 8), counting(17)),
      none,
    ];
    for (const id of ids) {
      const { application } = await messagesOf(id);
      expect(() => readMessageHeader(application)).toThrow(DecodeError);
    }
    const { application } = await messagesOf(concat(uint(2 ** 53 - 1, 8), random));
    expect(readMessageHeader(application).chat_id).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("rejects other versions, formats and content types", () => {
    const { application } = messages;
    for (const [at, value] of [
      [0, 1],
      [1, 2],
      [3, 1],
      [3, 3],
      [3, 6],
      [37, 0],
      [37, 4],
    ] as const) {
      expect(() => readMessageHeader(changed(application, at, value))).toThrow(DecodeError);
    }
    expect(() => readMessageHeader(keyPackage)).toThrow(DecodeError);
    expect(() => readMessageHeader(changed(messages.external, 3, 3))).toThrow(DecodeError);
  });

  it("rejects public messages that are not external commits", () => {
    const { external } = messages;
    // The sender is at 37, behind it 1 + 60 bytes of authenticated data and the content type.
    expect(external[37]).toBe(4);
    expect(external[99]).toBe(3);
    for (const sender of [0, 1, 2, 3, 5]) {
      expect(() => readMessageHeader(changed(external, 37, sender))).toThrow(DecodeError);
    }
    for (const type of [0, 1, 2, 4]) {
      expect(() => readMessageHeader(changed(external, 99, type))).toThrow(DecodeError);
    }
    const path = 101 + external[100]!;
    expect(external[path]).toBe(1);
    for (const presence of [0, 2]) {
      expect(() => readMessageHeader(changed(external, path, presence))).toThrow(DecodeError);
    }
  });

  it.each([
    [1, 0, 63],
    [2, 64, 16_383],
    [4, 16_384, 100_000],
  ] as const)("accepts lengths of %i bytes from %i on", (size, least, most) => {
    for (const length of [least, most]) {
      const message = privateMessage(vector(new Uint8Array(length), size));
      expect(readMessageHeader(message)).toMatchObject({ epoch: 3 });
    }
    if (least === 0) return;
    const tooShort = privateMessage(vector(new Uint8Array(least - 1), size));
    expect(() => readMessageHeader(tooShort)).toThrow(DecodeError);
  });

  it("rejects lengths of 8 bytes, and those past the end", () => {
    const eight = Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, 1, 9);
    expect(() => readMessageHeader(privateMessage(eight))).toThrow(DecodeError);
    const huge = Uint8Array.of(0xbf, 255, 255, 255);
    expect(() => readMessageHeader(privateMessage(huge))).toThrow(DecodeError);
  });
});

describe("readKeyPackageHeader", () => {
  it.each(suites)("reads the suite, user and device of suite %i", async (suite) => {
    const header = readKeyPackageHeader(await keyPackageOf(first, identityOf(first), suite));
    const { publicKey } = first;
    expect(header).toEqual({ suite, user_id, device: deviceId(publicKey), publicKey });
  });

  it("rejects identities that are not that of the signature key's device", async () => {
    const own = identityOf(first);
    const others = [
      identityOf(second),
      own.slice(1),
      concat(own, Uint8Array.of(0)),
      changed(own, 7, 0),
      changed(own, 0, 0x20),
      none,
    ];
    for (const identity of others) {
      const made = await keyPackageOf(first, identity);
      expect(() => readKeyPackageHeader(made)).toThrow(DecodeError);
    }
  });

  it("rejects other suites, credentials and leaf nodes", () => {
    // The suite is at 6, the keys of 1 + 32 bytes at 8, 41 and 74, the credential's type at 107, its identity at 109.
    expect([...keyPackage.subarray(107, 110)]).toEqual([0, 1, 24]);
    for (const [at, value] of [
      [5, 2],
      [7, 2],
      [6, 0xf0],
      [108, 2],
    ] as const) {
      expect(() => readKeyPackageHeader(changed(keyPackage, at, value))).toThrow(DecodeError);
    }
    // The source is behind 25 bytes of identity and 11 of capabilities.
    expect(keyPackage[145]).toBe(1);
    for (const source of [0, 2, 3, 4]) {
      expect(() => readKeyPackageHeader(changed(keyPackage, 145, source))).toThrow(DecodeError);
    }
    expect(() => readKeyPackageHeader(changed(keyPackage, 3, 4))).toThrow(DecodeError);
    expect(() => readKeyPackageHeader(messages.application)).toThrow(DecodeError);
  });

  it("rejects keys and signatures of other lengths", async () => {
    for (const length of [31, 33]) {
      const publicKey = counting(length);
      const identity = identityOf({ publicKey, sign: first.sign });
      const [made] = await makeKeyPackages({ publicKey, sign: first.sign }, identity, 1, 1);
      expect(() => readKeyPackageHeader(made!.publish)).toThrow(DecodeError);
    }
    for (const length of [63, 65]) {
      const sign = () => counting(length);
      const made = await keyPackageOf({ publicKey: first.publicKey, sign });
      expect(() => readKeyPackageHeader(made)).toThrow(DecodeError);
    }
  });
});

describe.each([
  ["readMessageHeader", readMessageHeader, () => Object.values(messages)],
  ["readKeyPackageHeader", readKeyPackageHeader, () => [keyPackage]],
] as const)("%s", (_, read, valid) => {
  it("rejects bytes that end early or late", () => {
    for (const bytes of valid()) {
      for (let length = 0; length < bytes.length; length++) {
        expect(() => read(bytes.slice(0, length)), `${length} bytes`).toThrow(DecodeError);
      }
      expect(() => read(concat(bytes, Uint8Array.of(0)))).toThrow(DecodeError);
    }
  });

  it("throws only DecodeError for changed bytes, and reads private messages as the engine does", () => {
    const random = new Random(7);
    for (const bytes of valid()) {
      for (let run = 0; run < runs(20_000); run++) {
        const copy = bytes.slice(0, random.oneIn(4) ? random.below(bytes.length) : undefined);
        for (let changes = random.below(4); changes >= 0; changes--) {
          copy[random.below(Math.min(copy.length, random.oneIn(2) ? 130 : 4000))] =
            random.below(256);
        }
        try {
          const header = read(copy);
          if ("epoch" in header && copy[3] === 2) {
            const { epoch, contentType } = readHeader(copy);
            expect(header).toMatchObject({ epoch: Number(epoch), content_type: contentType });
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }
  });

  it("rejects values that are not bytes", () => {
    const detached = new Uint8Array(4);
    detach(detached);
    for (const value of [undefined, null, "text", [1, 2], {}, new ArrayBuffer(4), detached]) {
      expect(() => read(value as Uint8Array)).toThrow(DecodeError);
    }
  });
});
