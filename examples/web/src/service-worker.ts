/** Caches the page's own files, so that it opens without a connection. Responses of the API are not cached. */

declare const __SHELL__: readonly string[];

interface Worker {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetch) => void): void;
}
interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetch extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const worker = self as unknown as Worker;
/** The path of the page, such as `/` or `/lacre/`. */
const page = new URL("./", location.href).pathname;
const shell = __SHELL__.map((file) => page + file);
/** Prefix of the caches of this path, as all pages of an origin share the cache storage. */
const PREFIX = `lacre ${page}: `;
/** Name of the cache of this build: the files have hashes in their names. */
const CACHE = PREFIX + shell.join(" ");

worker.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([page, ...shell]);
    await worker.skipWaiting();
  };
  event.waitUntil(fill());
});

worker.addEventListener("activate", (event) => {
  const removeOld = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(removeOld());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === page) event.respondWith(networkFirst(request));
  else if (shell.includes(pathname)) event.respondWith(cacheFirst(request, pathname));
});

/** The files are the same for every request, although responses have a `Vary` header. */
const MATCH_OPTIONS = { ignoreVary: true };

/** Returns the page from the server, or from the cache if the server cannot be reached. */
async function networkFirst(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const cached = await find(page);
    if (cached === undefined) throw error;
    return cached;
  }
}

async function cacheFirst(request: Request, pathname: string): Promise<Response> {
  return (await find(pathname)) ?? fetch(request);
}

async function find(pathname: string): Promise<Response | undefined> {
  const cache = await caches.open(CACHE);
  return cache.match(pathname, MATCH_OPTIONS);
}
