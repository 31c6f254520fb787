import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { encodeContent, kindsOf } from "../../src/e2e/content.js";
import { decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import {
  ChatMessage,
  DecryptError,
  defineContent,
  defineMessage,
  MessageProtocol,
  SigningKey,
  ValidationError,
} from "../../src/index.js";
import { encryptBody, key } from "../e2e/fixture.js";
import { wires } from "../support/examples.js";
import { PROPERTY_TIMEOUT, propertyRuns } from "../support/runs.js";
import { type SchemaWithValues, schemas } from "../support/schemas.js";

const NOW = 1_700_000_000;
const signing = SigningKey.from("a secret that both ends share");
const header = { chat_id: 42, sender_id: 7, timestamp: NOW };
const withValue = schemas.chain((one) => fc.tuple(fc.constant(one), one.values));

/** Returns a definition of a schema, or undefined if its definition is rejected. */
function accepted<Definition>(define: () => Definition): Definition | undefined {
  try {
    return define();
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    return undefined;
  }
}

/** Returns the value that a receiver must get, or undefined if it does not match the schema. */
function expected({ plain }: SchemaWithValues<object>, value: object): object | undefined {
  try {
    return z.parse(plain, value);
  } catch {
    return undefined;
  }
}

describe("of any schema that its definition accepts, a value", () => {
  it("is received as zod alone returns it, on both wires", { timeout: PROPERTY_TIMEOUT }, () => {
    let received = 0;
    fc.assert(
      fc.property(withValue, ([one, value]) => {
        const Own = accepted(() => defineMessage("own", one.schema));
        const result = expected(one, value);
        if (Own === undefined || result === undefined) return;
        for (const wire of wires) {
          const frame = Own.toProtocol(value, signing, { wire, timestamp: NOW }).toBytes();
          const opened = MessageProtocol.open(frame, { key: signing, now: NOW });
          expect(Own.fromProtocol(opened)).toEqual(result);
          received += 1;
        }
      }),
      { numRuns: propertyRuns },
    );
    expect(received).toBeGreaterThan(propertyRuns);
  });

  it("is received when it was encrypted", { timeout: PROPERTY_TIMEOUT }, async () => {
    await fc.assert(
      fc.asyncProperty(withValue, fc.constantFrom(...wires), async ([one, value], wire) => {
        const Own = accepted(() => defineContent("own", one.schema, { fallback: "" }));
        const result = expected(one, value);
        if (Own === undefined || result === undefined) return;
        const content = { ...value, kind: "own" } as const;
        const sent = await encryptMessage(key, { ...header, content }, { contents: [Own] });
        const frame = ChatMessage.toProtocol(sent, signing, { wire, timestamp: NOW }).toBytes();
        const opened = MessageProtocol.open(frame, { key: signing, now: NOW });
        const received = ChatMessage.fromProtocol(opened);
        const decrypted = await decryptMessage(key, received, { contents: [Own] });
        expect(decrypted).toEqual({ ...result, kind: "own" });
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("a body of someone with the chat's key", () => {
  /** Replaces, inserts or removes bytes, if any: of the changed bodies few decrypt. */
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 })), {
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
      fc.asyncProperty(withValue, changes, async ([one, value], all) => {
        const Own = accepted(() => defineContent("own", one.schema, { fallback: "" }));
        if (Own === undefined || expected(one, value) === undefined) return;
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
