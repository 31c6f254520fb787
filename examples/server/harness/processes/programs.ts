import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Debian installs PostgreSQL's programs in one folder for each version, which is not in PATH. */
const POSTGRES = "/usr/lib/postgresql";

/** Returns the path of a program, of PostgreSQL's the newest version. Undefined if it is not installed. */
export function programPath(name: string): string | undefined {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES) : [];
  const folders = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((one) => join(POSTGRES, one, "bin")),
    ...(process.env.PATH ?? "").split(":"),
    // Debian installs nginx there. The PATH of most users does not contain it.
    "/usr/sbin",
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
