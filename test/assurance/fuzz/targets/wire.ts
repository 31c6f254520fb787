import * as inJavaScript from "../../../../src/bytes.js";
import * as inNode from "../../../../src/crypto/native.node.js";
import { DecodeError } from "../../../../src/errors.js";
import { decode } from "../../../../src/wire/decode.js";
import { readFrame } from "../../../../src/wire/read-frame.js";
import { scan } from "../../../../src/wire/scan.js";
import { isWithinBounds, readTree } from "../../support/reference-messagepack.js";
import { frames, payloads, texts } from "../seeds.js";
import { type FuzzTarget, holds, shapeOf } from "../target.js";

function isUtf8ByPlatform(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

export const wireTargets: readonly FuzzTarget[] = [
  {
    name: "scan, decode",
    weight: 12,
    seeds: payloads,
    run(input) {
      const boundaries = scan(input);
      holds(boundaries.at(-1) === input.length, "the scan ends at the last byte");
      return shapeOf(decode(input, 0));
    },
  },
  {
    name: "scan, against the reference reader",
    weight: 2,
    seeds: payloads,
    run(input) {
      const tree = readTree(input);
      const isExpected = tree !== undefined && isWithinBounds(tree);
      let error: unknown;
      try {
        scan(input);
      } catch (thrown) {
        error = thrown;
      }
      holds((error === undefined) === isExpected, "scan accepts what the reference accepts");
      if (error !== undefined) throw error;
      return "accepted";
    },
  },
  {
    name: "readFrame",
    weight: 8,
    seeds: frames,
    run(input) {
      const frame = readFrame(input, 1_048_576);
      const bytes = frame.toBytes();
      holds(bytes.length === input.length, "a frame has the length of its bytes");
      return `${frame.wire} ${frame.isSigned} ${frame.timestamp === undefined}`;
    },
  },
  {
    name: "UTF-8",
    weight: 4,
    seeds: texts,
    run(input) {
      const isValid = inJavaScript.isUtf8(input, 0, input.length);
      holds(isValid === isUtf8ByPlatform(input), "isUtf8 accepts what the platform does");
      if (!isValid) return "invalid";
      const text = inJavaScript.decodeUtf8(input);
      holds(inJavaScript.isWellFormed(text), "valid UTF-8 is well-formed text");
      holds(inJavaScript.encodeUtf8(text).length === input.length, "UTF-8 survives a round trip");
      return String(text.length === input.length);
    },
  },
  {
    name: "base64, hex, UUID",
    weight: 4,
    seeds: texts,
    run(input) {
      const text = String.fromCharCode(...input.subarray(0, 200));
      const decoded = inJavaScript.decodeBase64(text);
      const native = inNode.decodeBase64(text);
      holds(decoded?.length === native?.length, "both platforms accept the same base64");
      holds(
        decoded === undefined || inNode.encodeBase64(decoded) === text,
        "base64 survives a round trip",
      );
      const bytes = inJavaScript.decodeHex(text);
      holds(
        bytes === undefined || inJavaScript.encodeHex(bytes) === text,
        "hex survives a round trip",
      );
      const uuid = inJavaScript.decodeUuid(text);
      holds(
        uuid === undefined || inJavaScript.encodeUuid(uuid) === text,
        "a UUID survives a round trip",
      );
      return `${decoded === undefined} ${bytes === undefined} ${uuid === undefined}`;
    },
  },
  {
    name: "arguments that are not bytes",
    weight: 1,
    seeds: [],
    run(input) {
      const given = [String(input), [...input], input.length, null, { length: input.length }];
      for (const value of given) {
        let thrown: unknown;
        try {
          readFrame(value, 1_048_576);
        } catch (error) {
          thrown = error;
        }
        holds(thrown instanceof DecodeError, "an argument that is not bytes throws a DecodeError");
      }
      return "rejected";
    },
  },
];
