import { createSecretKey } from "node:crypto";
import jwt from "jsonwebtoken";
import { ChatMessage } from "lacre";
import { SIGNING_SECRET } from "../messages.js";
import type { Entrant } from "./contender.js";
import { chatMessageForJson } from "./json.js";

export function jsonwebtoken(): Entrant {
  const key = createSecretKey(SIGNING_SECRET);
  return {
    signing: [
      {
        name: "jsonwebtoken, HS256",
        write: (message) =>
          jwt.sign(chatMessageForJson(message), key, { algorithm: "HS256", noTimestamp: true }),
        read: (token) =>
          ChatMessage.parse(jwt.verify(token as string, key, { algorithms: ["HS256"] })),
      },
    ],
  };
}
