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
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: BlockList;
  /** What peers of the protocol's first version sign with; undefined where none are served. */
  readonly firstVersionSecret: string | undefined;
  /** What `GET /metrics` asks for; undefined where everybody may read it. */
  readonly metricsToken: string | undefined;
  /** Requests a minute. */
  readonly requestsPerUser: number;
  readonly authRequestsPerAddress: number;
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    database: readDatabaseConfig(env),
    redisUrl: readRedisUrl(env.REDIS_URL),
    host: env.SERVER_HOST ?? "127.0.0.1",
    port: readInteger("SERVER_PORT", env.SERVER_PORT ?? "8000", 0, 65_535),
    logLevel: readLogLevel(env.LOG_LEVEL ?? "info"),
    serverSecret: readSecret("SERVER_SECRET", env.SERVER_SECRET),
    corsOrigins: readList(env.CORS_ORIGINS).map(readOrigin),
    trustedProxies: readProxies(readList(env.TRUSTED_PROXIES)),
    firstVersionSecret: readSecret("FIRST_VERSION_SECRET", env.FIRST_VERSION_SECRET),
    metricsToken: env.METRICS_TOKEN || undefined,
    requestsPerUser: readInteger("RATE_LIMIT_USER", env.RATE_LIMIT_USER ?? "100", 1, 1_000_000),
    authRequestsPerAddress: readInteger(
      "RATE_LIMIT_AUTH",
      env.RATE_LIMIT_AUTH ?? "20",
      1,
      1_000_000,
    ),
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
  if (text === undefined || text === "") return undefined;
  if (Buffer.byteLength(text) < 32) {
    throw new ConfigError(
      `${name} is shorter than 32 bytes: set a longer random one, or leave it out`,
    );
  }
  return text;
}

function readRedisUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^rediss?:\/\/./.test(text)) {
    throw new ConfigError("REDIS_URL is not understood: write redis://host:6379, or leave it out");
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
      `CORS_ORIGINS has "${text}": write origins such as https://chat.example, with no path, separated by commas`,
    );
  }
  return origin;
}

function readProxies(items: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const item of items) {
    const [address = "", bits] = item.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const longest = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? longest : Number(bits);
    if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > longest) {
      throw new ConfigError(
        `TRUSTED_PROXIES has "${item}": write addresses or networks such as 10.0.0.0/8, separated by commas`,
      );
    }
    proxies.addSubnet(address, prefix, family);
  }
  return proxies;
}
