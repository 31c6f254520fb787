import { createSigner, createVerifier } from "fast-jwt";
import { ChatMessage } from "lacre";
import { SIGNING_SECRET } from "../messages.js";
import type { Entrant } from "./contender.js";
import { chatMessageForJson } from "./json.js";

/** Returns a contender without the library's cache of verified tokens, because no frame of a chat arrives twice. */
export function fastJwt(): Entrant {
  const key = Buffer.from(SIGNING_SECRET);
  const sign = createSigner({ key, algorithm: "HS256", noTimestamp: true });
  const verify = createVerifier({ key, algorithms: ["HS256"] });
  return {
    signing: [
      {
        name: "fast-jwt, HS256",
        write: (message) => sign(chatMessageForJson(message)),
        read: (token) => ChatMessage.parse(verify(token as string)),
      },
    ],
  };
}
