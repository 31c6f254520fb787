import { createMessage, decrypt, encrypt, readMessage, type SessionKey } from "openpgp";
import { ENCRYPTION_SECRET, Letter } from "../messages.js";
import type { Entrant } from "./contender.js";

/** Returns a contender with a session key, so that it derives no key from a password. */
export function openpgp(): Entrant {
  const sessionKey: SessionKey = { data: ENCRYPTION_SECRET, algorithm: "aes256" };
  return {
    encrypting: [
      {
        name: "openpgp, session key",
        async write(letter) {
          const message = await createMessage({ text: JSON.stringify(Letter.parse(letter)) });
          return encrypt({ message, sessionKey, format: "binary" });
        },
        async read(packet) {
          const message = await readMessage({ binaryMessage: packet as Uint8Array });
          const { data } = await decrypt({ message, sessionKeys: sessionKey });
          return Letter.parse(JSON.parse(data as string));
        },
      },
    ],
  };
}
