import { expect, it } from "vitest";
import { type LacreError, MessageProtocol, SigningKey } from "../../src/index.js";
import { rawFloat64, rawMap, rawText } from "../../src/testing/raw.js";
import { NOW } from "../support/examples.js";

/** An action that is expected to throw an error, or to reject with it. */
export type ErrorCase = readonly [message: string, code: string, action: () => unknown];

/** Defines a test for each case: the error has this message and this code. */
export function itHasMessages(cases: readonly ErrorCase[]): void {
  it.each(cases)("%s", async (expected, code, action) => {
    let error: unknown;
    try {
      await action();
    } catch (thrown) {
      error = thrown;
    }
    const { message, code: given } = (error ?? {}) as LacreError;
    expect({ message, code: given }).toEqual({ message: expected, code });
  });
}

export const key = SigningKey.from("a secret that both ends share", { id: "k1" });

/** The encoded fields of a valid frame. */
export const fields = {
  type: rawText("t"),
  payload: Uint8Array.of(0x80),
  timestamp: rawFloat64(NOW),
};

export function create(changes: object): MessageProtocol {
  return new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, ...changes });
}

/** Returns a wire 1 frame with only these fields. */
export function wire1With(names: string[]): Uint8Array {
  return rawMap(
    ...names.map((name) => [rawText(name), fields[name as "type"] ?? rawText("")] as const),
  );
}

export function open(bytes: unknown, options = {}): unknown {
  return MessageProtocol.open(bytes as Uint8Array, { key, now: NOW, ...options });
}
