/** Keeps the page's own files, so that it opens without a connection too. Nothing that the server answers is kept. */

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
/** The path under which the page is served: `/`, or such as `/lacre/`. */
const page = new URL("./", location.href).pathname;
const shell = __SHELL__.map((file) => page + file);
/** The caches of this path: all pages of an origin share what it keeps. */
const OURS = `lacre ${page}: `;
/** One for each build: the files have hashes in their names. */
const CACHE = OURS + shell.join(" ");

worker.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([page, ...shell]);
    await worker.skipWaiting();
  };
  event.waitUntil(keep());
});

worker.addEventListener("activate", (event) => {
  const clean = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(OURS) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clean());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === page) event.respondWith(newest(request));
  else if (shell.includes(pathname)) event.respondWith(kept(request, pathname));
});

/** The files are the same for every request, though the server says that they may vary. */
const SAME = { ignoreVary: true };

/** The page as the server has it now; without a connection, as it was. */
async function newest(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await find(page);
    if (kept === undefined) throw error;
    return kept;
  }
}

async function kept(request: Request, pathname: string): Promise<Response> {
  return (await find(pathname)) ?? fetch(request);
}

async function find(pathname: string): Promise<Response | undefined> {
  const cache = await caches.open(CACHE);
  return cache.match(pathname, SAME);
}
