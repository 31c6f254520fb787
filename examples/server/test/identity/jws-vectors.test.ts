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

/** The server's check of tokens, with one of the suite's keys for its own. */
function checkWith(jwk: JsonWebKey): Tokens {
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

    it("are no tokens of ours: what is forged is refused, and what is not by the policy that it breaks", async () => {
      const counts: Record<string, number> = {};
      for (const group of testGroups) {
        const jwk = group.public ?? group.private;
        const tokens = checkWith(jwk);
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
        "policy: RS256 alone": 38,
        "policy: our claims, of this kind and time": 8,
      });
    });

    /** Which policy of the server's refuses a valid signature. */
    async function policyAgainst(jwk: JsonWebKey, token: string): Promise<string> {
      if (jwk.alg !== "RS256") return "policy: RS256 alone";
      const key = createPublicKey({ key: jwk, format: "jwk" });
      await compactVerify(token, key, { algorithms: ["RS256"] });
      return "policy: our claims, of this kind and time";
    }

    it("have keys under which a token of ours is one", async () => {
      const jwk = testGroups
        .map((group) => group.private)
        .find((key) => key?.alg === "RS256" && key.d)!;
      const tokens = checkWith(jwk);
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
