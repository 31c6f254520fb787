import { describe, expect, it } from "vitest";
import { encodeContent } from "../../src/e2e/content.js";
import { decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import { paddedLength } from "../../src/e2e/padding.js";
import { noise } from "../support/examples.js";
import { decryptBody, encryptText, header, key } from "./fixture.js";

describe("the length of a ciphertext", () => {
  it("is the same for all short texts", async () => {
    for (const text of ["", "hola", "x".repeat(100)]) {
      expect((await encryptText(text)).content).toHaveLength(128 + 16);
    }
  });

  it("does not depend on how well a long text compresses", async () => {
    for (const length of [511, 512, 1000, 30_000]) {
      const [same, varied] = ["x".repeat(length), noise(length, { from: 0, size: 128 })];
      expect((await encryptText(same)).content).toHaveLength(
        (await encryptText(varied)).content.length,
      );
    }
  });

  it("does not reveal a guess of a secret, unlike that of a compressed text", async () => {
    const random = noise(600, { from: 97, size: 26 });
    const [secret, wrong] = [random.slice(0, 24), random.slice(24, 48)];
    const lengthsWith = (guess: string, options = {}) =>
      Promise.all(
        Array.from({ length: 40 }, async (_, more) => {
          const text = `password=${secret}; ${random.slice(48, 548 + more)} password=${guess};`;
          const content = { kind: "text", text } as const;
          return (await encryptMessage(key, { ...header, content }, options)).content.length;
        }),
      );
    expect(await lengthsWith(secret)).toEqual(await lengthsWith(wrong));
    const compress = { compress: true };
    expect(await lengthsWith(secret, compress)).not.toEqual(await lengthsWith(wrong, compress));
  });

  it("is shorter only if the application enables compression and it helps", async () => {
    const compressed = (text: string) =>
      encryptMessage(key, { ...header, content: { kind: "text", text } }, { compress: true });
    expect((await compressed("hola ".repeat(2000))).content.length).toBeLessThan(1000);
    const [short, long] = [
      noise(400, { from: 0, size: 128 }),
      noise(50, { from: 128, size: 1920 }),
    ];
    const content = { kind: "text", text: short + long } as const;
    const message = await compressed(content.text);
    expect(await decryptMessage(key, message)).toEqual(content);
    expect(await decryptBody(message)).toEqual({
      isCompressed: false,
      body: encodeContent(content),
    });
  });

  it("does not depend on compression below 512 bytes", async () => {
    const ofBody = (length: number) => {
      const content = { kind: "text", text: "x".repeat(length - overhead) } as const;
      expect(encodeContent(content)).toHaveLength(length);
      return encryptMessage(key, { ...header, content }, { compress: true });
    };
    const overhead = encodeContent({ kind: "text", text: "x".repeat(400) }).length - 400;
    expect((await ofBody(511)).content).toHaveLength(paddedLength(5 + 511) + 16);
    expect((await ofBody(512)).content).toHaveLength(128 + 16);
  });
});
