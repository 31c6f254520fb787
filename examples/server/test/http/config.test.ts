import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.js";
import { variablesOf } from "./variables.js";

describe("readConfig", () => {
  it("requires no variable", () => {
    expect(readConfig({})).toMatchObject({
      database: { dialect: "sqlite", path: "lacre.db" },
      redisUrl: undefined,
      host: "127.0.0.1",
      port: 8000,
      corsOrigins: [],
      webRoot: undefined,
      requestsPerUser: 100,
      authRequestsPerAddress: 20,
      legacySecret: undefined,
      metricsToken: undefined,
    });
  });

  it("accepts lists with spaces", () => {
    const { corsOrigins, trustedProxies } = readConfig({
      CORS_ORIGINS: "https://a.example, http://b.example:81",
      TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.7,2001:db8::/32",
    });
    expect(corsOrigins).toEqual(["https://a.example", "http://b.example:81"]);
    const trusted = ["10.1.2.3", "192.0.2.7", "2001:db8::1"];
    const untrusted = ["11.0.0.1", "192.0.2.8", "2001:db9::1"];
    const check = (address: string) =>
      trustedProxies.check(address, address.includes(":") ? "ipv6" : "ipv4");
    expect(trusted.map(check)).toEqual([true, true, true]);
    expect(untrusted.map(check)).toEqual([false, false, false]);
  });

  it("accepts secrets in any script, and rejects those with a replacement character", () => {
    const secret = "contraseña 🔑 ".repeat(3);
    expect(readConfig({ SERVER_SECRET: secret }).serverSecret).toBe(secret);
    for (const name of ["SERVER_SECRET", "FIRST_VERSION_SECRET", "METRICS_TOKEN", "REDIS_URL"]) {
      expect(() => readConfig({ [name]: "contrase\ufffda".repeat(5) })).toThrow(
        `${name} is not UTF-8: set it in UTF-8, or in a file .env`,
      );
    }
  });

  it("treats empty variables as unset, because compose files leave them empty", () => {
    const empty = Object.fromEntries(variablesOf(readConfig).map((name) => [name, ""]));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it.each([
    ["SERVER_PORT", "65536"],
    ["SERVER_PORT", "80a"],
    ["SERVER_PORT", "-1"],
    ["BASE_PATH", "lacre"],
    ["BASE_PATH", "https://example.org/lacre"],
    ["BASE_PATH", "/a//b"],
    ["BASE_PATH", "/a/../b"],
    ["BASE_PATH", "/a?b"],
    ["BASE_PATH", "/chats"],
    ["BASE_PATH", "/docs/lacre"],
    ["LOG_LEVEL", "loud"],
    ["DATABASE_URL", "mysql://localhost/db"],
    ["DATABASE_URL", "sqlite://"],
    ["DATABASE_POOL_SIZE", "0"],
    ["REDIS_URL", "localhost:6379"],
    ["SERVER_SECRET", "x".repeat(31)],
    ["FIRST_VERSION_SECRET", "short"],
    ["CORS_ORIGINS", "*"],
    ["CORS_ORIGINS", "https://a.example/"],
    ["TRUSTED_PROXIES", "proxy.example"],
    ["TRUSTED_PROXIES", "10.0.0.0/33"],
    ["TRUSTED_PROXIES", "10.0.0.0/"],
    ["TRUSTED_PROXIES", "10.0.0.0/8/8"],
    ["TRUSTED_PROXIES", "::1/129"],
    ["RATE_LIMIT_USER", "0"],
    ["RATE_LIMIT_AUTH", "many"],
    ["RATE_LIMIT_FRAMES", "1e3"],
  ])("rejects %s=%s and names the variable", (name, value) => {
    const env = name === "DATABASE_POOL_SIZE" ? { DATABASE_URL: "postgres://h/d" } : {};
    expect(() => readConfig({ ...env, [name]: value })).toThrow(name);
  });

  it.each([
    ["/", ""],
    ["/lacre", "/lacre"],
    ["/apps/lacre-2.0/", "/apps/lacre-2.0"],
  ])("accepts BASE_PATH=%s", (BASE_PATH, basePath) => {
    expect(readConfig({ BASE_PATH })).toMatchObject({ basePath });
  });

  it("accepts the values at the bounds", () => {
    const env = {
      SERVER_PORT: "65535",
      SERVER_SECRET: "x".repeat(32),
      TRUSTED_PROXIES: "10.0.0.0/32",
    };
    expect(readConfig(env)).toMatchObject({ port: 65_535, serverSecret: "x".repeat(32) });
  });

  it("never repeats a rejected secret", () => {
    const errorOf = (env: NodeJS.ProcessEnv) => {
      try {
        return readConfig(env);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(errorOf({ SERVER_SECRET: "hunter2hunter2" })).not.toContain("hunter2");
    expect(errorOf({ DATABASE_URL: "mysql://root:hunter2@h/d" })).not.toContain("hunter2");
    expect(errorOf({ REDIS_URL: "redis:hunter2@h" })).not.toContain("hunter2");
  });
});

describe(".env.example", () => {
  const text = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
  const lines = [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)];

  it("explains exactly the variables that the server reads", () => {
    expect(lines.map(([, name]) => name).sort()).toEqual(variablesOf(readConfig).sort());
  });

  it("contains the default values", () => {
    const env = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
    expect(readConfig(env)).toEqual(readConfig({}));
  });
});
