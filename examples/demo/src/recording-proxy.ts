import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

/** The files with all bytes of one TCP connection. */
export interface Recording {
  readonly toServer: string;
  readonly toClient: string;
}

/** The network between the clients and the server: hands every byte on, and writes it down. */
export class RecordingProxy {
  readonly recordings: Recording[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #folder: string;
  readonly #port: number;
  #isCut = false;

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port, in front of the server on `port`. */
  static async start(port: number, folder: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(port, folder);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Drops all connections, in the middle of whatever they carry, and refuses new ones until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    const number = this.recordings.length + 1;
    const recording = {
      toServer: join(this.#folder, `connection-${number}-to-server`),
      toClient: join(this.#folder, `connection-${number}-to-client`),
    };
    this.recordings.push(recording);
    this.#handOn(client, server, recording.toServer);
    this.#handOn(server, client, recording.toClient);
  }

  #handOn(from: Socket, to: Socket, path: string): void {
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
