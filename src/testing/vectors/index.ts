import { e2e } from "./data/e2e.js";
import { keys } from "./data/keys.js";
import { messages } from "./data/messages.js";
import { session } from "./data/session.js";
import { wire1 } from "./data/wire1.js";
import { wire2 } from "./data/wire2.js";

/**
 * What is right and what is wrong, byte for byte: what `vectors/*.json` of the package has for peers in other languages.
 *
 * ```ts
 * for (const { name, frame } of vectors.wire1.valid) test(name, () => MessageProtocol.fromBytes(vectorBytes(frame)));
 * ```
 */
export const vectors = { wire1, wire2, messages, keys, e2e, session } as const;
