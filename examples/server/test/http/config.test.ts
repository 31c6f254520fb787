import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readConfig } from "../../src/config.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the configuration", () => {
  it("needs nothing", () => {
    expect(readConfig({})).toMatchObject({
      database: { dialect: "sqlite", path: "lacre.db" },
      redisUrl: undefined,
      host: "127.0.0.1",
      port: 8000,
      corsOrigins: [],
      requestsPerUser: 100,
      authRequestsPerAddress: 20,
    });
  });

  it("takes a list with spaces, and empty variables as absent", () => {
    const env = { CORS_ORIGINS: "https://a.example, http://b.example:81", REDIS_URL: "" };
    expect(readConfig(env)).toMatchObject({
      corsOrigins: ["https://a.example", "http://b.example:81"],
      redisUrl: undefined,
    });
  });

  it.each([
    ["SERVER_PORT", "65536"],
    ["SERVER_PORT", "80a"],
    ["SERVER_PORT", "-1"],
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
    ["RATE_LIMIT_USER", "0"],
    ["RATE_LIMIT_AUTH", "many"],
  ])("refuses %s=%s by its name", (name, value) => {
    const env = name === "DATABASE_POOL_SIZE" ? { DATABASE_URL: "postgres://h/d" } : {};
    expect(() => readConfig({ ...env, [name]: value })).toThrow(name);
  });

  it("takes each bound", () => {
    const env = {
      SERVER_PORT: "65535",
      SERVER_SECRET: "x".repeat(32),
      TRUSTED_PROXIES: "10.0.0.0/32",
    };
    expect(readConfig(env)).toMatchObject({ port: 65_535, serverSecret: "x".repeat(32) });
  });

  it("never repeats a secret that it refuses", () => {
    const refusal = (env: NodeJS.ProcessEnv) => {
      try {
        return readConfig(env);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusal({ SERVER_SECRET: "hunter2hunter2" })).not.toContain("hunter2");
    expect(refusal({ DATABASE_URL: "mysql://root:hunter2@h/d" })).not.toContain("hunter2");
  });
});

/** The variables that the code names. */
const inCode = ["src/config.ts", "src/database/database-config.ts"].flatMap((path) =>
  [...read(path).matchAll(/\b(?:env\.)?([A-Z]+(?:_[A-Z]+)+)\b(?= [=:,]|[,)]| \?\?| \|\|)/g)].map(
    ([, name]) => name!,
  ),
);

describe("what explains it", () => {
  it(".env.example has each variable, and no other", () => {
    const explained = [...read(".env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);
    expect(explained.sort()).toEqual([...new Set(inCode)].sort());
  });

  it(".env.example is itself a configuration", () => {
    const lines = read(".env.example").matchAll(/^([A-Z_]+)=(.*)$/gm);
    expect(() =>
      readConfig(Object.fromEntries([...lines].map((line) => line.slice(1, 3)))),
    ).not.toThrow();
  });

  it("docker-compose.yml sets known variables, waits for health, and keeps the database", () => {
    const { services, volumes } = parse(read("docker-compose.yml"), { merge: true });
    expect(Object.keys(services)).toEqual(["server-1", "server-2", "proxy", "postgres", "redis"]);
    for (const name of ["server-1", "server-2"]) {
      const { environment, depends_on } = services[name];
      expect(Object.keys(environment).filter((one) => !inCode.includes(one))).toEqual([]);
      expect(depends_on).toEqual({
        postgres: { condition: "service_healthy" },
        redis: { condition: "service_healthy" },
      });
    }
    for (const name of ["proxy", "postgres", "redis"]) {
      expect(services[name].healthcheck.test).toBeTruthy();
    }
    expect(Object.keys(volumes)).toEqual(["postgres"]);
    expect(services.postgres.image).toBe("postgres:16");
    expect(services.redis.image).toBe("redis:7");
  });

  it("the Dockerfile copies what there is, and starts what npm run server starts", () => {
    const dockerfile = read("Dockerfile");
    const root = "../../";
    for (const [, names] of dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)) {
      for (const name of names!.split(" ")) {
        expect(() => read(`${root}${name}${name.includes(".") ? "" : "/."}`)).not.toThrow(/ENOENT/);
      }
    }
    const { scripts } = JSON.parse(read("../../package.json"));
    expect(scripts.server).toContain("examples/server/src/main.ts");
    expect(dockerfile).toContain("examples/server/src/main.ts");
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});
