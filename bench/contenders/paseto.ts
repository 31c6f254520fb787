import { LocalProtocol } from "paseto";
import { DecryptFactory, EncryptFactory, LocalKeyFromCryptoKey } from "paseto/v3/local";
import { ENCRYPTION_SECRET, Letter } from "../messages.js";
import { alsoInFlight, type Entrant } from "./contender.js";

export async function paseto(): Promise<Entrant> {
  const hkdf = await crypto.subtle.importKey(
    "raw",
    ENCRYPTION_SECRET as BufferSource,
    "HKDF",
    false,
    ["deriveBits"],
  );
  const key = LocalKeyFromCryptoKey(hkdf);
  const v3 = new LocalProtocol(EncryptFactory, DecryptFactory);
  return {
    encrypting: alsoInFlight({
      name: "paseto, v3.local",
      write: (letter) => v3.Encrypt(key, { ...Letter.parse(letter) }),
      async read(token) {
        return Letter.parse((await v3.Decrypt(key, token as string)).claims);
      },
    }),
  };
}
