import { pino } from "pino";
import { ConfigError } from "./config-error.js";
import { type DatabaseConfig, readDatabaseConfig } from "./database/database-config.js";

/** What the environment says, checked. */
export interface Config {
  readonly database: DatabaseConfig;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** In place of the secret that is kept in the database. */
  readonly serverSecret: string | undefined;
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    database: readDatabaseConfig(env),
    host: env.SERVER_HOST ?? "127.0.0.1",
    port: readPort(env.SERVER_PORT ?? "8000"),
    logLevel: readLogLevel(env.LOG_LEVEL ?? "info"),
    serverSecret: readServerSecret(env.SERVER_SECRET),
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (text.trim() === "" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError(
      `SERVER_PORT is "${text}": set a port from 1 to 65535, or 0 for a free one`,
    );
  }
  return port;
}

function readLogLevel(text: string): string {
  const levels = [...Object.keys(pino.levels.values), "silent"];
  if (!levels.includes(text)) {
    throw new ConfigError(`LOG_LEVEL is "${text}": set one of ${levels.join(", ")}`);
  }
  return text;
}

function readServerSecret(text: string | undefined): string | undefined {
  if (text !== undefined && Buffer.byteLength(text) < 32) {
    throw new ConfigError(
      "SERVER_SECRET is shorter than 32 bytes: set a longer random one, or leave it out and the server makes its own",
    );
  }
  return text;
}
