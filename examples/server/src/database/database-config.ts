import { ConfigError } from "../config-error.js";

/** Database type and address. */
export type DatabaseConfig =
  | { readonly dialect: "sqlite"; readonly path: string }
  | { readonly dialect: "postgresql"; readonly url: string; readonly poolSize: number };

export function readDatabaseConfig({
  DATABASE_URL = "sqlite:///lacre.db",
  DATABASE_POOL_SIZE = "10",
}: NodeJS.ProcessEnv): DatabaseConfig {
  const path = /^sqlite:\/\/\/(.+)$/.exec(DATABASE_URL)?.[1];
  if (path !== undefined && path !== ":memory:") return { dialect: "sqlite", path };
  if (/^postgres(ql)?:\/\/./.test(DATABASE_URL) && URL.canParse(DATABASE_URL)) {
    return {
      dialect: "postgresql",
      url: DATABASE_URL,
      poolSize: readPoolSize(DATABASE_POOL_SIZE),
    };
  }
  // Do not quote the URL: it may contain a password.
  throw new ConfigError(
    "invalid DATABASE_URL: use sqlite:///chat.db for a file in the working directory, sqlite:////var/lib/chat.db, or postgresql://user:password@host:5432/name",
  );
}

/** Returns the database's address without user and password. */
export function addressOf(config: DatabaseConfig): string {
  if (config.dialect === "sqlite") return config.path;
  const { host, pathname } = new URL(config.url);
  return `postgresql://${host}${pathname}`;
}

function readPoolSize(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new ConfigError(
      `DATABASE_POOL_SIZE is "${text}": set it to the number of connections, from 1 to 999`,
    );
  }
  return Number(text);
}
