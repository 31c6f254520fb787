import { encodeContent, kindsOf } from "../../../src/e2e/content.js";
import { rawText } from "../../../src/testing/raw.js";
import type { InvalidEncryption, ValidEncryption, Vectors } from "../../../src/testing/vectors.js";
import { counting } from "../../support/hex.js";
import { Image } from "../../support/image.js";
import { invalid, map, padded, sealed, valid } from "./encryption.js";
import { joined } from "./notation.js";

const HARBOUR = {
  kind: "image",
  file_id: 9,
  width: 640,
  preview: counting(4),
  alt: "El puerto",
} as const;
const SMALLEST = { kind: "image", file_id: 1, width: 0 } as const;
const bodyOf = (content: typeof HARBOUR | typeof SMALLEST) =>
  encodeContent(content, kindsOf([Image]));

const NIL = joined([0xc0]);
const KIND = ["kind", rawText("image")] as const;
const FILE_ID = ["file_id", joined([1])] as const;
const WIDTH = ["width", joined([0])] as const;
const broken = (name: string, ...entries: [string, Uint8Array][]) =>
  invalid("E-10", name, sealed(padded(map(...entries))));

/** Contents of a kind that an application defines, for readers that know it. */
export const image: Vectors<ValidEncryption, InvalidEncryption> = {
  valid: [
    await valid("E-10", "an image", bodyOf(HARBOUR), HARBOUR),
    await valid("E-10", "an image without optional fields", bodyOf(SMALLEST), SMALLEST),
    await valid(
      "E-10",
      "an image without a fallback, with nil for optional fields and with an unknown one",
      map(
        [...WIDTH],
        ["new", joined([0x91, 1])],
        ["alt", NIL],
        ["preview", NIL],
        [...FILE_ID],
        [...KIND],
      ),
      SMALLEST,
    ),
    await valid(
      "E-10",
      "an image whose fallback is no text",
      map([...KIND], ["fallback", joined([1])], [...FILE_ID], [...WIDTH]),
      SMALLEST,
    ),
    await valid(
      "E-10",
      "another kind, beside one that the reader knows",
      map(
        ["kind", rawText("Image")],
        ["fallback", rawText("Una imagen")],
        [...FILE_ID],
        [...WIDTH],
      ),
      { kind: "unknown", fallback: "Una imagen" },
    ),
  ],
  invalid: [
    await broken("an image without a required field", [...KIND], [...FILE_ID]),
    await broken(
      "an image with a field of another type, and with a fallback",
      [...KIND],
      ["fallback", rawText("An image")],
      ["file_id", rawText("1")],
      [...WIDTH],
    ),
    await broken("an image with nil for a required field", [...KIND], ["file_id", NIL], [...WIDTH]),
    await broken(
      "an image with a number below its range",
      [...KIND],
      ["file_id", joined([0])],
      [...WIDTH],
    ),
    await broken(
      "an image with too many bytes in a field",
      [...KIND],
      [...FILE_ID],
      [...WIDTH],
      ["preview", joined([0xc4, 33], counting(33))],
    ),
    await broken(
      "an image with an optional field of another type",
      [...KIND],
      [...FILE_ID],
      [...WIDTH],
      ["alt", joined([1])],
    ),
  ],
};
