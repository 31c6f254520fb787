import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { freePort } from "../../server/harness/processes/free-port.js";

/** TCP proxy between a client and the server. Tests cut its connections to simulate a network that fails. */
export class TcpProxy {
  readonly port: number;
  /** Whether new connections send another `Host` header, like a reverse proxy that does not forward the original one. */
  hidesHost = false;
  readonly #serverPort: number;
  readonly #sockets = new Set<Socket>();
  readonly #webSockets = new Set<Socket>();
  #server: Server | undefined;

  private constructor(port: number, serverPort: number) {
    this.port = port;
    this.#serverPort = serverPort;
  }

  static async start(serverPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), serverPort);
    await proxy.restore();
    return proxy;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Accepts connections again after `cut`. */
  async restore(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect(this.#serverPort, "127.0.0.1");
      const requests = this.hidesHost ? near.pipe(hideHost()) : near;
      requests.pipe(far);
      far.pipe(near);
      near.on("data", (bytes) => {
        if (/^GET \/ws\?/.test(bytes.toString("latin1"))) this.#webSockets.add(near).add(far);
      });
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          this.#webSockets.delete(socket);
          other.destroy();
        });
      }
    });
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Cuts the connections, and answers requests for `path` with these headers and no others while `ask` runs. */
  async answerDuring(
    path: string,
    headers: Record<string, string>,
    ask: () => Promise<unknown>,
  ): Promise<void> {
    await this.cut();
    const server = createHttpServer(({ url, socket }, response) => {
      if (url === path) response.writeHead(204, { ...headers, connection: "close" }).end();
      else socket.destroy();
    });
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    await ask();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    await this.restore();
  }

  /** Drops all data of the open WebSockets without closing them, like a change of networks. New connections work. */
  blackhole(): void {
    for (const socket of this.#webSockets) socket.unpipe();
    for (const socket of this.#webSockets) socket.resume();
  }

  /** Closes all connections, and accepts none until `restore`. */
  async cut(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server?.listening) await once(this.#server, "close");
  }
}

/** Replaces the host by a name of the same length, so that the length of the request does not change. */
function hideHost(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = chunk.toString("latin1").replace(/^host: localhost:/im, "Host: elsewhere:");
      done(null, Buffer.from(text, "latin1"));
    },
  });
}
