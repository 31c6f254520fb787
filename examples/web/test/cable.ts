import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { freePort } from "../../server/harness/processes/free-port.js";

/** What a browser is connected to the server by, and what can be cut: both ends then see what they see in a tunnel. */
export class Cable {
  readonly port: number;
  /** Whether new connections name another host than the browser does, as behind a proxy that does not pass it on. */
  hidesHost = false;
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  readonly #webSockets = new Set<Socket>();
  #server: Server | undefined;

  private constructor(port: number, to: number) {
    this.port = port;
    this.#to = to;
  }

  static async lay(to: number): Promise<Cable> {
    const cable = new Cable(await freePort(), to);
    await cable.mend();
    return cable;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  async mend(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect(this.#to, "127.0.0.1");
      const passed = this.hidesHost ? near.pipe(hideHost()) : near;
      passed.pipe(far);
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

  /** While `ask` runs, another server answers requests for `path` with these headers, and no others: as those of the page itself. */
  async answer(
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
    await this.mend();
  }

  /** Carries nothing more over the WebSockets that there are, and closes none; what is new works. As after a change of networks. */
  blackhole(): void {
    for (const socket of this.#webSockets) socket.unpipe();
    for (const socket of this.#webSockets) socket.resume();
  }

  async cut(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server?.listening) await once(this.#server, "close");
  }
}

/** Both names have nine letters, so that nothing else of a request changes. */
function hideHost(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = chunk.toString("latin1").replace(/^host: localhost:/im, "Host: elsewhere:");
      done(null, Buffer.from(text, "latin1"));
    },
  });
}
