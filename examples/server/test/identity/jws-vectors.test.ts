import { createPrivateKey, createPublicKey, type JsonWebKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compactVerify } from "jose";
import { expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import type { SigningKeys } from "../../src/identity/signing-keys.js";
import { Tokens } from "../../src/identity/tokens.js";

const folder =
  process.env.LACRE_VECTORS ??
  fileURLToPath(new URL("../../../../../shared/vectors", import.meta.url));
const file = `${folder}/wycheproof/json_web_signature_test.json`;

interface Group {
  readonly public?: JsonWebKey;
  readonly private: JsonWebKey;
  readonly tests: readonly {
    readonly tcId: number;
    readonly jws: unknown;
    readonly result: string;
  }[];
}

/** Creates the server's token check with a key of the test vectors. */
function tokensWith(jwk: JsonWebKey): Tokens {
  const id = String(jwk.kid);
  const publicKey = jwk.kty === "oct" ? undefined : createPublicKey({ key: jwk, format: "jwk" });
  const privateKey =
    jwk.d === undefined ? undefined : createPrivateKey({ key: jwk, format: "jwk" });
  const pair = { id, created_at: 0, publicKey, privateKey };
  const keys = { find: async () => (publicKey ? pair : undefined), current: async () => pair };
  return new Tokens(keys as unknown as SigningKeys);
}

describeIf(existsSync(file), `the public vectors in ${folder}`)(
  "Wycheproof's JSON Web Signatures",
  () => {
    const { testGroups } = JSON.parse(readFileSync(file, "utf8")) as { testGroups: Group[] };

    it("are rejected: forged ones by their signature, valid ones by policy", async () => {
      const counts: Record<string, number> = {};
      for (const group of testGroups) {
        const jwk = group.public ?? group.private;
        const tokens = tokensWith(jwk);
        for (const { tcId, jws, result } of group.tests) {
          const token = typeof jws === "string" ? jws : JSON.stringify(jws);
          expect(await tokens.read("access", token), `case ${tcId}`).toBeUndefined();
          const outcome = result === "valid" ? await policyAgainst(jwk, token) : "forged";
          counts[outcome] = (counts[outcome] ?? 0) + 1;
        }
      }
      console.info(`JSON Web Signatures: ${JSON.stringify(counts)}`);
      expect(counts).toEqual({
        forged: 355,
        "policy: RS256 only": 38,
        "policy: claims": 8,
      });
    });

    /** Returns the policy by which the server rejects a token with a valid signature. */
    async function policyAgainst(jwk: JsonWebKey, token: string): Promise<string> {
      if (jwk.alg !== "RS256") return "policy: RS256 only";
      const key = createPublicKey({ key: jwk, format: "jwk" });
      await compactVerify(token, key, { algorithms: ["RS256"] });
      return "policy: claims";
    }

    it("contain keys with which our own tokens are valid", async () => {
      const jwk = testGroups
        .map((group) => group.private)
        .find((key) => key?.alg === "RS256" && key.d)!;
      const tokens = tokensWith(jwk);
      const claims = {
        session_id: new Uint8Array(16).fill(1),
        user_id: 7,
        expires_at: Math.floor(Date.now() / 1000) + 60,
      };
      expect(await tokens.read("access", await tokens.issue("access", claims))).toEqual(claims);
      expect(await tokens.read("refresh", await tokens.issue("access", claims))).toBeUndefined();
    });
  },
);
