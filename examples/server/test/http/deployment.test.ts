import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isErrorCode } from "lacre-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { freePort } from "../../harness/processes/free-port.js";
import { readConfig } from "../../src/config.js";
import { Metrics } from "../../src/http/metrics.js";
import { createDatabase, type ScratchDatabase, urlOf } from "../storage/databases.js";
import { ServerProgram } from "./server-program.js";
import { variablesOf } from "./variables.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const read = (path: string) => readFileSync(`${root}examples/server/${path}`, "utf8");
const known = variablesOf(readConfig);

describe("docker-compose.yml", () => {
  const { services, volumes } = parse(read("docker-compose.yml"), { merge: true });
  const servers = ["server-1", "server-2"];

  it("has two servers behind a proxy, with PostgreSQL and Redis", () => {
    expect(Object.keys(services)).toEqual([...servers, "proxy", "postgres", "redis"]);
    expect(services.postgres.image).toBe("postgres:16");
    expect(services.redis.image).toBe("redis:7");
    const caddyfile = read("Caddyfile");
    for (const name of servers) expect(caddyfile).toContain(`${name}:8000`);
    expect(caddyfile).toContain("respond /metrics 404");
    for (const [file] of [...services.proxy.volumes.map((one: string) => one.split(":"))]) {
      expect(existsSync(`${root}examples/server/${file}`)).toBe(true);
    }
  });

  it("sets known variables to valid values", () => {
    for (const name of servers) {
      const { environment } = services[name] as { environment: Record<string, string> };
      expect(Object.keys(environment).filter((one) => !known.includes(one))).toEqual([]);
      const filled = Object.entries(environment).map(([variable, value]) => [
        variable,
        value.replace(/\$\{\w+:\?[^}]*\}/g, "s".repeat(32)).replace(/\$\{\w+:-([^}]*)\}/g, "$1"),
      ]);
      const config = readConfig(Object.fromEntries(filled));
      expect(config.database).toMatchObject({ dialect: "postgresql" });
      expect(config.redisUrl).toBe("redis://redis:6379");
    }
  });

  it("starts each service after its dependencies are healthy, and keeps the database in a volume", () => {
    const healthy = { condition: "service_healthy" };
    for (const name of servers) {
      expect(services[name].depends_on).toEqual({ postgres: healthy, redis: healthy });
      expect(Number.parseInt(services[name].stop_grace_period, 10)).toBeGreaterThan(12);
    }
    expect(services.proxy.depends_on).toEqual({ "server-1": healthy, "server-2": healthy });
    for (const name of ["proxy", "postgres", "redis"]) {
      expect(services[name].healthcheck.test).toBeTruthy();
    }
    expect(Object.keys(volumes)).toEqual(["postgres"]);
    expect(services.postgres.volumes).toEqual(["postgres:/var/lib/postgresql/data"]);
  });
});

describe("the Dockerfile", () => {
  const dockerfile = read("Dockerfile");
  const lines = [...dockerfile.matchAll(/^(?: {2})?([A-Z]+) (.+)$/gm)].map(
    ([, instruction, rest]) => ({ instruction: instruction!, rest: rest! }),
  );
  const json = (text: string) => JSON.parse(text.slice(text.indexOf("["))) as string[];
  const [healthcheck, start] = lines.filter(({ instruction }) => instruction === "CMD");
  let database: ScratchDatabase;
  let program: ServerProgram;

  beforeAll(async () => {
    database = await createDatabase("sqlite");
  });
  afterAll(async () => {
    await program?.end("SIGKILL");
    for (const part of ["api", "server"]) {
      rmSync(`${root}examples/${part}/build`, { recursive: true, force: true });
    }
    await database.remove();
  });

  it("copies existing files only", () => {
    for (const { instruction, rest } of lines) {
      if (instruction !== "COPY" || rest.startsWith("--")) continue;
      for (const path of rest.split(" ").slice(0, -1)) {
        expect([path, existsSync(root + path)]).toEqual([path, true]);
      }
    }
  });

  it("sets known variables, and does not run as root", () => {
    const variables = lines
      .filter(({ instruction }) => instruction === "ENV")
      .flatMap(({ rest }) => rest.split(" ").map((pair) => pair.split("=")[0]!));
    expect(variables.filter((name) => !known.includes(name))).toEqual(["NODE_ENV"]);
    expect(lines.find(({ instruction }) => instruction === "USER")?.rest).toBe("node");
  });

  it("compiles a server that starts and passes its health check while it runs", async () => {
    const compile = lines.find(({ rest }) => rest.includes("esbuild"))!.rest;
    execFileSync("sh", ["-c", compile], { cwd: root, stdio: "pipe" });
    const [command = "", ...args] = json(start!.rest);
    expect(command).toBe("node");
    const env = { SERVER_PORT: String(await freePort()), DATABASE_URL: urlOf(database.config) };
    program = new ServerProgram(args, { env, cwd: root });
    await program.printed("listening on");
    const [, ...check] = json(healthcheck!.rest);
    const passes = () => {
      execFileSync(process.execPath, check, { env: { ...process.env, ...env }, stdio: "pipe" });
    };
    expect(passes).not.toThrow();
    await program.end("SIGTERM");
    expect(passes).toThrow();
  });
});

describe("docs/operations.md", () => {
  const text = readFileSync(`${root}docs/operations.md`, "utf8");
  const mentioned = (pattern: RegExp) => [
    ...new Set([...text.matchAll(pattern)].map(([, one]) => one!)),
  ];

  it("mentions existing metrics, commands, variables and error codes only", async () => {
    const metrics = await new Metrics().registry.getMetricsAsJSON();
    const documented = mentioned(/`((?:lacre|nodejs|process)_\w+)`/g);
    expect(documented).toEqual(
      expect.arrayContaining(metrics.map(({ name }) => name).filter(isOurs)),
    );
    expect(metrics.map(({ name }) => name)).toEqual(expect.arrayContaining(documented));

    const { scripts } = JSON.parse(read("package.json"));
    expect(Object.keys(scripts)).toEqual(
      expect.arrayContaining(mentioned(/npm run ([\w:]+) -w examples\/server/g)),
    );
    const variables = mentioned(/`([A-Z]+_[A-Z_]+)`/g).filter((one) => !one.startsWith("ERR_"));
    expect([...known, "POSTGRES_PASSWORD"]).toEqual(expect.arrayContaining(variables));
    for (const code of mentioned(/`(ERR_\w+)`/g)) expect(isErrorCode(code)).toBe(true);
  });
});

function isOurs(name: string): boolean {
  return name.startsWith("lacre_");
}
