import { existsSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { pino } from "pino";
import { ConfigError } from "./config-error.js";
import { type DatabaseConfig, readDatabaseConfig } from "./database/database-config.js";

/** What the environment says, checked. */
export interface Config {
  readonly database: DatabaseConfig;
  /** Where several instances meet; undefined for one that is alone. */
  readonly redisUrl: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** In place of the secret that is kept in the database. */
  readonly serverSecret: string | undefined;
  /** Origins of the pages that may call this server, besides its own. */
  readonly corsOrigins: readonly string[];
  /** The folder of the built web client; undefined where none is served. */
  readonly webRoot: string | undefined;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: BlockList;
  /** What peers of the protocol's first version sign with; undefined where none are served. */
  readonly firstVersionSecret: string | undefined;
  /** What `GET /metrics` asks for; undefined where everybody may read it. */
  readonly metricsToken: string | undefined;
  /** Requests a minute. */
  readonly requestsPerUser: number;
  readonly authRequestsPerAddress: number;
  /** Frames a second that a connection may send in the long run. */
  readonly framesPerSecond: number;
}

const MOST_REQUESTS = 1_000_000;

/** The configuration of this process: its environment, and what a file .env in its working directory has besides. */
export function loadConfig(): Config {
  if (existsSync(".env")) process.loadEnvFile();
  return readConfig(process.env);
}

/** Reads the whole configuration; a variable that is empty counts as absent. Throws a ConfigError that says what to set. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const read = (name: string): string | undefined => env[name] || undefined;
  const integer = (name: string, otherwise: number, least: number, most: number) =>
    readInteger(name, read(name) ?? String(otherwise), least, most);
  return {
    database: readDatabaseConfig({
      DATABASE_URL: read("DATABASE_URL"),
      DATABASE_POOL_SIZE: read("DATABASE_POOL_SIZE"),
    }),
    redisUrl: readRedisUrl(read("REDIS_URL")),
    host: read("SERVER_HOST") ?? "127.0.0.1",
    port: integer("SERVER_PORT", 8000, 0, 65_535),
    logLevel: readLogLevel(read("LOG_LEVEL") ?? "info"),
    serverSecret: readSecret("SERVER_SECRET", read("SERVER_SECRET")),
    corsOrigins: readList(read("CORS_ORIGINS")).map(readOrigin),
    webRoot: read("WEB_ROOT"),
    trustedProxies: readProxies(readList(read("TRUSTED_PROXIES"))),
    firstVersionSecret: readSecret("FIRST_VERSION_SECRET", read("FIRST_VERSION_SECRET")),
    metricsToken: read("METRICS_TOKEN"),
    requestsPerUser: integer("RATE_LIMIT_USER", 100, 1, MOST_REQUESTS),
    authRequestsPerAddress: integer("RATE_LIMIT_AUTH", 20, 1, MOST_REQUESTS),
    framesPerSecond: integer("RATE_LIMIT_FRAMES", 200, 1, MOST_REQUESTS),
  };
}

function readInteger(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new ConfigError(`${name} is "${text}": set a whole number from ${least} to ${most}`);
  }
  return value;
}

function readLogLevel(text: string): string {
  const levels = [...Object.keys(pino.levels.values), "silent"];
  if (!levels.includes(text)) {
    throw new ConfigError(`LOG_LEVEL is "${text}": set one of ${levels.join(", ")}`);
  }
  return text;
}

function readSecret(name: string, text: string | undefined): string | undefined {
  if (text !== undefined && Buffer.byteLength(text) < 32) {
    throw new ConfigError(
      `${name} is shorter than 32 bytes, so that it could be guessed: set what "openssl rand -base64 32" prints, or leave it out`,
    );
  }
  return text;
}

function readRedisUrl(text: string | undefined): string | undefined {
  if (text !== undefined && !(/^rediss?:\/\/./.test(text) && URL.canParse(text))) {
    // The URL itself may hold a password.
    throw new ConfigError(
      "REDIS_URL is not understood: write redis://host:6379, or rediss:// for TLS, or leave it out to run one instance",
    );
  }
  return text;
}

function readList(text = ""): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function readOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : "null";
  if (origin !== text) {
    throw new ConfigError(
      `CORS_ORIGINS has "${text}", which no browser sends as an origin: write each as https://chat.example, without a path, separated by commas`,
    );
  }
  return origin;
}

function readProxies(items: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const item of items) {
    const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const longest = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? longest : Number(bits);
    if (isIP(address) === 0 || prefix > longest) {
      throw new ConfigError(
        `TRUSTED_PROXIES has "${item}", which is no address: write addresses or networks such as 10.0.0.0/8, separated by commas`,
      );
    }
    proxies.addSubnet(address, prefix, family);
  }
  return proxies;
}
