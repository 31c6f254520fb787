import { pino } from "pino";

/** What the environment says, checked. */
export interface Config {
  readonly databasePath: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** In place of the secret that is kept in the database. */
  readonly serverSecret: string | undefined;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    databasePath: readDatabasePath(env.DATABASE_URL ?? "sqlite:///lacre.db"),
    host: env.SERVER_HOST ?? "127.0.0.1",
    port: readPort(env.SERVER_PORT ?? "8000"),
    logLevel: readLogLevel(env.LOG_LEVEL ?? "info"),
    serverSecret: readServerSecret(env.SERVER_SECRET),
  };
}

/** `sqlite:///chat.db` is relative to the working directory, `sqlite:////var/lib/chat.db` is absolute. */
function readDatabasePath(url: string): string {
  const path = /^sqlite:\/\/\/(.+)$/.exec(url)?.[1];
  if (path === undefined) {
    throw new ConfigError(
      "DATABASE_URL is not understood: write sqlite:///chat.db for a file in the working directory, or sqlite:////var/lib/chat.db",
    );
  }
  return path;
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
