import { defaults, seal, unseal } from "@hapi/iron";
import { Letter, SEALING_SECRET } from "../messages.js";
import type { Entrant } from "./contender.js";

/** With a Buffer for a password, for which it derives no keys. */
export function iron(): Entrant {
  const password = Buffer.from(SEALING_SECRET);
  return {
    sealing: [
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
