import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Debian has PostgreSQL's own programs in a folder per version, and in nobody's path. */
const POSTGRES = "/usr/lib/postgresql";

/** Where a program is, the newest version of PostgreSQL first; undefined where there is none. */
export function programPath(name: string): string | undefined {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES) : [];
  const folders = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((one) => join(POSTGRES, one, "bin")),
    ...(process.env.PATH ?? "").split(":"),
    // Debian's nginx is there, which is in no user's path.
    "/usr/sbin",
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
