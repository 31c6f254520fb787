import { Encoder } from "cbor-x";
import { coseVerifyMAC0, Mac0 } from "cose-kit";
import { ChatMessage } from "lacre";
import { SIGNING_SECRET } from "../messages.js";
import type { Entrant } from "./contender.js";

/** Returns contenders with COSE_Mac0 and CBOR, encoded by the codec that cose-kit uses. */
export async function coseKit(): Promise<Entrant> {
  const cbor = new Encoder({ useRecords: false, tagUint8Array: false });
  const key = SIGNING_SECRET;
  return {
    signing: [
      {
        name: "cose-kit, MAC0",
        async write(message) {
          const payload = cbor.encode(ChatMessage.parse(message));
          return (await Mac0.create({ alg: "HS256" }, undefined, payload, key)).encode();
        },
        async read(packet) {
          const { isValid, decoded } = await coseVerifyMAC0(packet as Uint8Array, key);
          if (!isValid) throw new Error("not authentic");
          return ChatMessage.parse(cbor.decode(decoded.payload));
        },
      },
    ],
  };
}
