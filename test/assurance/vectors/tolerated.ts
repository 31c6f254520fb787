import { rawBin, rawFloat64, rawText, rawWire1, rawWire2 } from "../../../src/testing/raw.js";
import type { ValidMessage } from "../../../src/testing/vectors.js";
import { type BytesForm, written } from "../../../src/wire/encode.js";
import { samples } from "../../interop/samples.js";
import { hex } from "../../support/hex.js";
import { ID, KEYS, NOW, notated, SECRETS, valued } from "./notation.js";

type Fields = Readonly<Record<string, unknown>>;

const OWN_FORM = { 1: "base64", 2: "bin" } as const;
const OTHER_FORM = { 1: "bin", 2: "base64" } as const;

/** Fields of each type without the optional ones, and all of them. */
const bare = Object.fromEntries(samples.map(([{ type }, fields]) => [type, fields.bare]));
const full = Object.fromEntries(
  samples.map(([{ type }, fields]) => [type, { ...fields.bare, ...fields.optional }]),
);

/** Messages on a wire that every reader accepts, although no writer of docs/PROTOCOL.md creates them. */
export function tolerated(wire: 1 | 2): ValidMessage[] {
  const timed = (type: string) => ({ ...bare[type], timestamp: NOW });
  const without = (type: string, timestamp: unknown) =>
    message(wire, "7", `${type}, timestamp ${timestamp === null ? "nil" : "absent"}`, {
      ...{ type, payload: { ...bare[type], timestamp }, value: timed(type) },
    });
  const withNils = (type: string) =>
    message(wire, "7", `${type}, nil in optional fields`, {
      ...{ type, payload: { ...nils(type), ...bare[type] }, value: bare[type]! },
    });
  const inOtherForm = (type: string) =>
    message(wire, wire === 1 ? "W1-2" : "W2-4", `${type}, bytes as ${OTHER_FORM[wire]}`, {
      ...{ type, payload: full[type]!, value: full[type]!, form: OTHER_FORM[wire] },
    });
  const types = samples.map(([{ type }]) => type);
  return [
    ...["message", "status", "error"].flatMap((type) => [
      without(type, undefined),
      without(type, null),
    ]),
    ...types.filter((type) => Object.keys(nils(type)).length > 0).map(withNils),
    ...types.map((type) =>
      message(wire, "7", `${type}, an unknown field`, {
        ...{ type, payload: { ...bare[type], field_of_tomorrow: { any: [1] } } },
        value: bare[type]!,
      }),
    ),
    ...["auth_response", "message", "chat_list", "message_list", "hello", "welcome"].map(
      inOtherForm,
    ),
  ];
}

/** Nil for each optional field of a type. */
function nils(type: string): Fields {
  const optional = Object.keys(full[type]!).filter((name) => !(name in bare[type]!));
  return Object.fromEntries(optional.map((name) => [name, null]));
}

function message(
  wire: 1 | 2,
  requirement: string,
  name: string,
  {
    type,
    payload,
    value,
    form = OWN_FORM[wire],
  }: { type: string; payload: Fields; value: Fields; form?: BytesForm },
): ValidMessage {
  const fields = {
    type: rawText(type),
    payload: written((writer) => writer.payload(payload, form)),
    timestamp: rawFloat64(NOW),
  };
  const key = KEYS[wire];
  const frame =
    wire === 1
      ? rawWire1(key, fields)
      : rawWire2(key, { ...fields, id: rawBin(hex(ID.replaceAll("-", ""))) });
  return {
    ...{ name: `${name}, on wire ${wire}`, requirement, type, wire, frame: notated(frame) },
    ...{ secret: SECRETS[wire], key_id: key.id, now: NOW, timestamp: NOW },
    ...{ id: wire === 1 ? null : ID, value: valued(value) },
  };
}
