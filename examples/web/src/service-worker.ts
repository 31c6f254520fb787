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
const shell = __SHELL__.map((file) => `/${file}`);
/** One for each build: the files have hashes in their names. */
const CACHE = `lacre ${shell.join(" ")}`;

worker.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(["/", ...shell]);
    await worker.skipWaiting();
  };
  event.waitUntil(keep());
});

worker.addEventListener("activate", (event) => {
  const clean = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clean());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === "/") event.respondWith(newest(request));
  else if (shell.includes(pathname)) event.respondWith(kept(request, pathname));
});

/** The files are the same for whoever asks, though the server says that they may vary. */
const SAME = { ignoreVary: true };

/** The page as the server has it now; without a connection, as it was. */
async function newest(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const page = await caches.match("/", SAME);
    if (page === undefined) throw error;
    return page;
  }
}

async function kept(request: Request, pathname: string): Promise<Response> {
  return (await caches.match(pathname, SAME)) ?? fetch(request);
}
