import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, it } from "vitest";
import { verifyEd25519 } from "../../src/crypto/native.node.js";

it("verifies Ed25519 signatures in node:crypto", () => {
  const { secretKey, publicKey } = ed25519.keygen();
  const data = new Uint8Array(161);
  const signature = ed25519.sign(data, secretKey);
  expect(verifyEd25519(publicKey, data, signature)).toBe(true);
  expect(verifyEd25519(publicKey, data.subarray(1), signature)).toBe(false);
});
