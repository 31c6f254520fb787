import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Forwards and counts HTTP requests, and rejects WebSockets. Drops or replaces responses as configured. */
export class FailingProxy {
  /** Whether to drop the response for this path. The server still handles the request. */
  loses: (path: string) => boolean = () => false;
  /** Returns the response to send instead of forwarding the request, or undefined to forward it. */
  replaces: (path: string) => object | undefined = () => undefined;
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor(target: string) {
    this.#server = createServer((asked, answer) => {
      const path = asked.url!;
      this.asked.push(path);
      const replacement = this.replaces(path);
      if (replacement !== undefined) {
        asked.resume();
        answer.end(JSON.stringify(replacement));
        return;
      }
      const { method, headers } = asked;
      const passed = request(new URL(path, target), { method, headers }, (reply) => {
        if (this.loses(path)) {
          reply.resume();
          reply.on("end", () => asked.socket.destroy());
          return;
        }
        answer.writeHead(reply.statusCode!, reply.headers);
        reply.pipe(answer);
      });
      asked.pipe(passed);
    });
    this.#server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  }

  static async start(target: string): Promise<FailingProxy> {
    const proxy = new FailingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
