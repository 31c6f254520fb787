import { e2e } from "./e2e.js";
import { http } from "./http.js";
import { keys } from "./keys.js";
import { messages } from "./messages.js";
import { mls } from "./mls.js";
import { session } from "./session.js";
import { wire1 } from "./wire1.js";
import { wire2 } from "./wire2.js";

const types = {
  wire1: [wire1, "Vectors<ValidFrame, InvalidFrame>", "Vectors, ValidFrame, InvalidFrame"],
  wire2: [wire2, "Vectors<ValidFrame, InvalidFrame>", "Vectors, ValidFrame, InvalidFrame"],
  messages: [
    messages,
    "Vectors<ValidMessage, InvalidMessage> & { readonly tolerated: readonly ValidMessage[] }",
    "Vectors, ValidMessage, InvalidMessage",
  ],
  keys: [
    keys,
    "Vectors<ValidKey, InvalidKey> & { readonly sessions: readonly SessionKeyVector[] }",
    "Vectors, InvalidKey, SessionKeyVector, ValidKey",
  ],
  e2e: [
    e2e,
    "Vectors<ValidEncryption, InvalidEncryption> & { readonly keys: Vectors<ValidChatKey, InvalidChatKey>; readonly padding: readonly Padding[]; readonly image: Vectors<ValidEncryption, InvalidEncryption>; readonly bytes: Vectors<ValidBytes, InvalidBytes>; readonly kept_checks: Vectors<ValidKeptCheck, InvalidKeptCheck> }",
    "Vectors, InvalidBytes, InvalidChatKey, InvalidEncryption, InvalidKeptCheck, Padding, ValidBytes, ValidChatKey, ValidEncryption, ValidKeptCheck",
  ],
  session: [
    session,
    "Vectors<ValidHandshake, InvalidHandshake>",
    "Vectors, InvalidHandshake, ValidHandshake",
  ],
  mls: [mls, "MlsVectors", "MlsVectors"],
  http: [
    http,
    "Vectors<ValidHttpAnswer, InvalidHttpFrame>",
    "Vectors, InvalidHttpFrame, ValidHttpAnswer",
  ],
} as const;

/** Contents of the files that the script writes, by path: the vectors and their type declarations. */
export const files: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(types).flatMap(([name, [vectors, type, imports]]) => [
    [`vectors/${name}.json`, `${readable(vectors)}\n`],
    [
      `vectors/${name}.d.ts`,
      [
        "// Written by `npm run vectors`.",
        `import type { ${imports} } from "lacre/testing";`,
        "",
        `declare const vectors: ${type};`,
        "export default vectors;",
        "",
      ].join("\n"),
    ],
  ]),
);

/** Formats JSON with one vector per line, for readable diffs. */
function readable(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => `${indent}  ${JSON.stringify(item)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value as object).map(
    ([name, inner]) => `${indent}  ${JSON.stringify(name)}: ${readable(inner, `${indent}  `)}`,
  );
  return `{\n${entries.join(",\n")}\n${indent}}`;
}
