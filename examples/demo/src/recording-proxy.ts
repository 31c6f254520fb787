import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

/** One TCP connection through the proxy. */
export interface Recording {
  /** Path of the file with all bytes from the client to the server. */
  readonly toServer: string;
  /** Path of the file with all bytes from the server to the client. */
  readonly toClient: string;
  readonly isOpen: boolean;
  /** Whether the server accepted an upgrade to a WebSocket and sent its first frame, the `welcome`. */
  readonly isWelcomed: boolean;
}

const UPGRADED = "HTTP/1.1 101";

/** A TCP proxy between the clients and the server. It forwards every byte and writes it to a file. */
export class RecordingProxy {
  readonly recordings: Recording[] = [];
  /** Number of times that the proxy has begun to reject connections. */
  outages = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #folder: string;
  /** The server's port; undefined while the proxy rejects connections. */
  #port: number | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port. */
  static async start(folder: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(folder);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Number of open WebSocket connections that have received a `welcome`. */
  get welcomed(): number {
    return this.recordings.filter(({ isOpen, isWelcomed }) => isOpen && isWelcomed).length;
  }

  /** Forwards new connections to the server on `port`. */
  connectTo(port: number): void {
    this.#port = port;
  }

  /** Rejects new connections until `connectTo` is called. */
  rejectConnections(): void {
    this.outages += 1;
    this.#port = undefined;
  }

  /** Resets all connections, even in the middle of a frame, and rejects new ones. Returns the server's port. */
  cut(): number {
    const port = this.#port!;
    this.rejectConnections();
    for (const socket of this.#sockets) reset(socket);
    return port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    if (this.#port === undefined) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    const number = this.recordings.length + 1;
    const recording = {
      toServer: join(this.#folder, `connection-${number}-to-server`),
      toClient: join(this.#folder, `connection-${number}-to-client`),
      isOpen: true,
      isWelcomed: false,
    };
    this.recordings.push(recording);
    this.#forward(client, server, recording.toServer);
    this.#forward(server, client, recording.toClient);
    server.once("data", (head) => {
      if (head.subarray(0, UPGRADED.length).toString() !== UPGRADED) return;
      server.once("data", () => {
        recording.isWelcomed = true;
      });
    });
    for (const socket of [client, server]) {
      socket.once("close", () => {
        recording.isOpen = false;
      });
    }
  }

  #forward(from: Socket, to: Socket, path: string): void {
    const file = openSync(path, "w");
    this.#sockets.add(from);
    from.on("data", (bytes) => writeSync(file, bytes));
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      closeSync(file);
      this.#sockets.delete(from);
      to.end();
    });
  }
}

/** Resets a connection. A socket that was ended is destroyed instead: after resetting such a socket, Node 20 never exits. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
