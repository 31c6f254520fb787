import { defaults, seal, unseal } from "@hapi/iron";
import { ENCRYPTION_SECRET, Letter } from "../messages.js";
import type { Entrant } from "./contender.js";

/** Returns a contender with a Buffer as password, from which the library derives no keys. */
export function iron(): Entrant {
  const password = Buffer.from(ENCRYPTION_SECRET);
  return {
    encrypting: [
      {
        name: "@hapi/iron",
        write: (letter) => seal(Letter.parse(letter), password, defaults),
        async read(text) {
          return Letter.parse(await unseal(text as string, password, defaults));
        },
      },
    ],
  };
}
