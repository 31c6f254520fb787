import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Passes requests on, counts them, and loses the answers that it is told to lose. */
export class FailingProxy {
  /** Whether the answer to a request of this path gets lost, after the server has done what was asked. */
  loses: (path: string) => boolean = () => false;
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor(target: string) {
    this.#server = createServer((asked, answer) => {
      const path = asked.url!;
      this.asked.push(path);
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
