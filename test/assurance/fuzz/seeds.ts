import { deflateRawSync } from "node:zlib";
import { encodeUtf8 } from "../../../src/bytes.js";
import { encodeContent, kindsOf } from "../../../src/e2e/content.js";
import { pad } from "../../../src/e2e/padding.js";
import { SigningKey } from "../../../src/index.js";
import { written } from "../../../src/wire/encode.js";
import { everyMessage, NOW, wires } from "../../support/examples.js";
import { Image } from "../../support/image.js";

/** The key of all signed seeds. */
export const KEY = SigningKey.from("a secret that both ends share", { id: "k1" });
export { NOW };

/** A signed frame of each kind of message on each wire. */
export const frames: readonly Uint8Array[] = Object.values(everyMessage).flatMap(({ envelop }) =>
  wires.map((wire) => envelop(KEY, { wire, timestamp: NOW }).toBytes()),
);

/** A payload of each kind of message, as wire 2 has it. */
export const payloads: readonly Uint8Array[] = Object.values(everyMessage).map(({ value }) =>
  written((writer) => writer.payload(value as Record<string, unknown>, "bin")),
);

/** Texts such as those in frames. */
export const texts: readonly Uint8Array[] = [
  "hola",
  "café \u{1F600} \u{FEFF}",
  "AAECAwQFBgcICQoLDA0ODw==",
  "018bcfe5-687b-7abc-8def-0123456789ab",
  "00ff10",
].map(encodeUtf8);

/** Bodies of end-to-end messages. */
export const bodies: readonly Uint8Array[] = [
  encodeContent({ kind: "text", text: "hola" }),
  encodeContent({
    kind: "text",
    text: "sí. ".repeat(200),
    reply_to: "018bcfe5-687b-7abc-8def-0123456789ab",
  }),
  encodeContent(
    { kind: "image", file_id: 9, width: 640, preview: new Uint8Array(9), alt: "El puerto" },
    kindsOf([Image]),
  ),
  written((writer) => writer.payload({ kind: "poll", fallback: "a poll" }, "bin")),
];

/** Raw deflate streams with each kind of block. */
export const deflated: readonly Uint8Array[] = bodies.flatMap((body) =>
  [0, 1, 6, 9].map((level) => new Uint8Array(deflateRawSync(body, { level }))),
);

/** Plaintexts of end-to-end messages. */
export const plaintexts: readonly Uint8Array[] = [
  ...bodies.map((body) => pad({ isCompressed: false, body })),
  ...deflated.slice(-4).map((body) => pad({ isCompressed: true, body })),
];
