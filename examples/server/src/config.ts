import { existsSync, readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { operations } from "lacre-api";
import { decodeText, NotUtf8Error } from "lacre-api/decode-text";
import { pino } from "pino";
import { ConfigError } from "./config-error.js";
import { type DatabaseConfig, readDatabaseConfig } from "./database/database-config.js";
import { readAddress } from "./ip-address.js";

/** Validated configuration from the environment. */
export interface Config {
  readonly database: DatabaseConfig;
  /** Redis that several instances share; undefined for a single instance. */
  readonly redisUrl: string | undefined;
  readonly host: string;
  readonly port: number;
  /** Public path of the server, such as `/lacre`. Empty for the root. */
  readonly basePath: string;
  readonly logLevel: string;
  /** Replaces the secret that is stored in the database. */
  readonly serverSecret: string | undefined;
  /** Origins, in addition to the server's own, whose pages may call this server. */
  readonly corsOrigins: readonly string[];
  /** Folder of the built web client; undefined if the server does not serve it. */
  readonly webRoot: string | undefined;
  /** Proxies whose X-Forwarded-For header the server trusts. */
  readonly trustedProxies: BlockList;
  /** Shared secret of version 1 clients; undefined if the server does not serve them. */
  readonly legacySecret: string | undefined;
  /** Token that `GET /metrics` requires; undefined if the metrics are public. */
  readonly metricsToken: string | undefined;
  /** Maximum requests per minute of one session. */
  readonly requestsPerUser: number;
  /** Maximum requests per minute to `/auth` from one client address. */
  readonly authRequestsPerAddress: number;
  /** Points per second that a user earns for frames. */
  readonly framesPerSecond: number;
  /** Maximum sessions per user. */
  readonly maxSessions: number;
  /** Maximum chats that a user creates. */
  readonly maxOpenedChats: number;
  /** Maximum stored bytes of a user's messages in all chats. */
  readonly maxStoredBytes: number;
  /** Maximum stored bytes of a user's history of MLS chats. */
  readonly maxHistoryBytes: number;
}

/** First path segments of the server's own URLs. */
export const OWN_ADDRESSES: readonly string[] = [
  ...new Set(operations.map(({ path }) => path.split("/")[1]!)),
  ...["assets", "index.html", "service-worker.js"],
];

/** Maximum value of a rate limit. */
const MAX_RATE_LIMIT = 1_000_000;

/** Maximum value of a quota. */
const MAX_QUOTA = 1_000_000;

/** Reads the configuration from the environment, and unset variables from the file .env of the working directory. */
export function loadConfig(): Config {
  const path = resolve(".env");
  const file = existsSync(path) ? parseEnv(decodeText(readFileSync(path), path)) : {};
  // Not process.loadEnvFile: it replaces bytes that are not UTF-8 instead of rejecting them.
  for (const [name, value] of Object.entries(file)) process.env[name] ??= value;
  return readConfig(process.env);
}

/**
 * Reads the configuration from variables. An empty variable counts as unset.
 *
 * @throws {ConfigError} if a variable is invalid.
 * @throws {NotUtf8Error} if a variable is not UTF-8.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const read = (name: string): string | undefined => {
    const value = env[name] || undefined;
    // Node replaces bytes that are not UTF-8. Different secrets would become equal.
    if (!value?.includes("\ufffd")) return value;
    throw new NotUtf8Error(`${name} is not UTF-8: set it in UTF-8, or in a file .env`);
  };
  const integer = (name: string, fallback: number, min: number, max: number) =>
    readInteger(name, read(name) ?? String(fallback), min, max);
  return {
    database: readDatabaseConfig({
      DATABASE_URL: read("DATABASE_URL"),
      DATABASE_POOL_SIZE: read("DATABASE_POOL_SIZE"),
    }),
    redisUrl: readRedisUrl(read("REDIS_URL")),
    host: read("SERVER_HOST") ?? "127.0.0.1",
    port: integer("SERVER_PORT", 8000, 0, 65_535),
    basePath: readBasePath(read("BASE_PATH") ?? "/"),
    logLevel: readLogLevel(read("LOG_LEVEL") ?? "info"),
    serverSecret: readSecret("SERVER_SECRET", read("SERVER_SECRET")),
    corsOrigins: readList(read("CORS_ORIGINS")).map(readOrigin),
    webRoot: read("WEB_ROOT"),
    trustedProxies: readProxies(readList(read("TRUSTED_PROXIES"))),
    legacySecret: readSecret("FIRST_VERSION_SECRET", read("FIRST_VERSION_SECRET")),
    metricsToken: read("METRICS_TOKEN"),
    requestsPerUser: integer("RATE_LIMIT_USER", 100, 1, MAX_RATE_LIMIT),
    authRequestsPerAddress: integer("RATE_LIMIT_AUTH", 20, 1, MAX_RATE_LIMIT),
    framesPerSecond: integer("RATE_LIMIT_FRAMES", 200, 1, MAX_RATE_LIMIT),
    maxSessions: integer("QUOTA_SESSIONS", 100, 1, MAX_QUOTA),
    maxOpenedChats: integer("QUOTA_CHATS", 1000, 1, MAX_QUOTA),
    maxStoredBytes: integer("QUOTA_STORED_MIB", 1024, 1, MAX_QUOTA) * 1024 * 1024,
    maxHistoryBytes: integer("QUOTA_HISTORY_MIB", 64, 1, MAX_QUOTA) * 1024 * 1024,
  };
}

function readInteger(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(`${name} is "${text}": set a whole number from ${min} to ${max}`);
  }
  return value;
}

function readBasePath(text: string): string {
  const path = text.replace(/\/$/, "");
  const segments = path.split("/").slice(1);
  const isPath = /^(\/[\w.~-]+)*$/.test(path) && !segments.some((one) => /^\.\.?$/.test(one));
  if (!isPath) {
    throw new ConfigError(
      `BASE_PATH is "${text}": set a path of letters, digits, ".", "_", "~" and "-", such as /lacre`,
    );
  }
  if (segments.length > 0 && OWN_ADDRESSES.includes(segments[0]!)) {
    throw new ConfigError(
      `BASE_PATH is "${text}", which conflicts with a path of the server: set another path, such as /lacre`,
    );
  }
  return path;
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
      `${name} is shorter than 32 bytes: set the output of "openssl rand -base64 32", or leave it out`,
    );
  }
  return text;
}

function readRedisUrl(text: string | undefined): string | undefined {
  if (text !== undefined && !(/^rediss?:\/\/./.test(text) && URL.canParse(text))) {
    // Do not quote the URL: it may contain a password.
    throw new ConfigError(
      "REDIS_URL is not a Redis URL: set redis://host:6379, or rediss:// for TLS, or leave it out to run one instance",
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
      `CORS_ORIGINS contains "${text}", which is not an origin: set origins such as https://chat.example, without a path, separated by commas`,
    );
  }
  return origin;
}

function readProxies(items: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const item of items) {
    const [, text = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const address = readAddress(text) ?? "";
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const addressBits = family === "ipv6" ? 128 : 32;
    // The prefix of an IPv4-mapped IPv6 address counts 96 more bits.
    const writtenBits = text.includes(":") ? 128 : 32;
    const prefix = bits === undefined ? addressBits : Number(bits) - (writtenBits - addressBits);
    if (address === "" || prefix < 0 || prefix > addressBits) {
      throw new ConfigError(
        `TRUSTED_PROXIES contains "${item}", which is not an IP address: set addresses or networks such as 10.0.0.0/8, separated by commas`,
      );
    }
    proxies.addSubnet(address, prefix, family);
  }
  return proxies;
}
