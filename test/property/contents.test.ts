import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeContent, kindsOf } from "../../src/e2e/content.js";
import { decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import {
  ChatMessage,
  DecryptError,
  defineContent,
  defineMessage,
  MessageProtocol,
  SigningKey,
} from "../../src/index.js";
import { encryptBody, key } from "../e2e/fixture.js";
import { wires } from "../support/examples.js";
import { PROPERTY_TIMEOUT, propertyRuns } from "../support/runs.js";
import { schemas } from "../support/schemas.js";

const NOW = 1_700_000_000;
const signing = SigningKey.from("a secret that both ends share");
const header = { chat_id: 42, sender_id: 7, timestamp: NOW };
const withValue = schemas.chain(({ schema, values }) => fc.tuple(fc.constant(schema), values));

describe("values of any schema", () => {
  it("are equal after a frame of each wire", { timeout: PROPERTY_TIMEOUT }, () => {
    fc.assert(
      fc.property(withValue, ([schema, value]) => {
        const Own = defineMessage("own", schema);
        for (const wire of wires) {
          const sent = Own.toProtocol(value, signing, { wire, timestamp: NOW });
          const opened = MessageProtocol.open(sent.toBytes(), { key: signing, now: NOW });
          expect(Own.fromProtocol(opened)).toEqual(value);
        }
      }),
      { numRuns: propertyRuns },
    );
  });

  it("are equal after encryption in a frame of each wire", {
    timeout: PROPERTY_TIMEOUT,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(withValue, fc.constantFrom(...wires), async ([schema, value], wire) => {
        const Own = defineContent("own", schema, { fallback: JSON.stringify });
        const content = { ...value, kind: "own" } as const;
        const sent = await encryptMessage(key, { ...header, content }, { contents: [Own] });
        const frame = ChatMessage.toProtocol(sent, signing, { wire, timestamp: NOW }).toBytes();
        const opened = MessageProtocol.open(frame, { key: signing, now: NOW });
        const received = ChatMessage.fromProtocol(opened);
        expect(await decryptMessage(key, received, { contents: [Own] })).toEqual(content);
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("a body that no client of the library makes", () => {
  /** Replaces, inserts or removes bytes. */
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 })), {
    minLength: 1,
    maxLength: 4,
  });
  const changed = (body: Uint8Array, all: readonly (readonly [number, number, number])[]) => {
    const bytes = [...body];
    for (const [at, byte, removed] of all)
      bytes.splice(at % (bytes.length + 1), removed, ...(removed === 2 ? [] : [byte]));
    return Uint8Array.from(bytes);
  };

  it("decrypts to a content or causes a DecryptError", { timeout: PROPERTY_TIMEOUT }, async () => {
    const results = { decrypted: 0, rejected: 0 };
    await fc.assert(
      fc.asyncProperty(withValue, changes, async ([schema, value], all) => {
        const Own = defineContent("own", schema, { fallback: "" });
        const body = encodeContent({ ...value, kind: "own" }, kindsOf([Own]));
        const message = await encryptBody(changed(body, all));
        const content = await decryptMessage(key, message, { contents: [Own] }).catch(
          (error: unknown) => error,
        );
        if (!(content instanceof Error)) results.decrypted += 1;
        else {
          expect(content).toStrictEqual(new DecryptError());
          results.rejected += 1;
        }
      }),
      { numRuns: propertyRuns },
    );
    expect(Math.min(...Object.values(results))).toBeGreaterThan(0);
  });
});
