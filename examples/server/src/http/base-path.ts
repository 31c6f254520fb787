import { getPath } from "hono/utils/url";

/** Returns a function that removes the base path from a request's path, unless a proxy has already removed it. */
export function pathBelow(basePath: string): (request: Request) => string {
  return (request) => {
    const path = getPath(request);
    return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
  };
}
