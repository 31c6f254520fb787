import { EncryptJWT, importJWK, jwtDecrypt, jwtVerify, SignJWT } from "jose";
import { ChatMessage } from "lacre";
import { ENCRYPTION_SECRET, Letter, SIGNING_SECRET } from "../messages.js";
import { alsoInFlight, type Entrant } from "./contender.js";
import { chatMessageForJson } from "./json.js";

/** Returns contenders with keys that are imported once, not in each call. */
export async function jose(): Promise<Entrant> {
  const keyOf = (secret: Uint8Array, alg: string) =>
    importJWK({ kty: "oct", k: base64url(secret), alg });
  const signingKey = await keyOf(SIGNING_SECRET, "HS256");
  const encryptionKey = await keyOf(ENCRYPTION_SECRET, "A256GCM");
  const signingHeader = { alg: "HS256" };
  const encryptionHeader = { alg: "dir", enc: "A256GCM" };
  const verifying = { algorithms: ["HS256"] };
  const decrypting = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };
  return {
    signing: alsoInFlight({
      name: "jose, HS256",
      write: (message) =>
        new SignJWT(chatMessageForJson(message)).setProtectedHeader(signingHeader).sign(signingKey),
      async read(token) {
        return ChatMessage.parse((await jwtVerify(token, signingKey, verifying)).payload);
      },
    }),
    encrypting: alsoInFlight({
      name: "jose, dir + A256GCM",
      write: (letter) =>
        new EncryptJWT(Letter.parse(letter))
          .setProtectedHeader(encryptionHeader)
          .encrypt(encryptionKey),
      async read(token) {
        return Letter.parse((await jwtDecrypt(token, encryptionKey, decrypting)).payload);
      },
    }),
  };
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
