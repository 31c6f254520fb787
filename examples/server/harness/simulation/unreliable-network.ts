import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { NetworkConditions } from "./plan.js";

/** A TCP proxy between a device and the server. It delays data, and breaks connections in the middle of a frame. */
export class UnreliableNetwork {
  conditions: NetworkConditions;
  /** Number of connections that broke at a random byte, without `cut`. */
  breaks = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  readonly #random: () => number;

  private constructor(port: number, conditions: NetworkConditions, random: () => number) {
    this.#port = port;
    this.conditions = conditions;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Starts a proxy on a free port, for the server on `port`. */
  static async start(
    port: number,
    conditions: NetworkConditions,
    random: () => number,
  ): Promise<UnreliableNetwork> {
    const network = new UnreliableNetwork(port, conditions, random);
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets all connections immediately. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#forward(from, to);
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        // `#break` has ended this side already: a reset would discard the bytes before the cut.
        if (!to.writableEnded) reset(to);
      });
    }
  }

  #forward(from: Socket, to: Socket): void {
    const { cut, bytes } = this.conditions;
    const willBreak = this.#random() < cut;
    let rest = willBreak ? Math.floor(this.#random() * bytes) : Number.POSITIVE_INFINITY;
    let last = Promise.resolve();
    from.on("data", (data: Buffer) => {
      const piece = data.subarray(0, rest);
      rest -= piece.length;
      const isLast = piece.length < data.length;
      last = last.then(async () => {
        await this.#delay();
        to.write(piece);
        if (isLast) this.#break(from, to);
      });
    });
  }

  /** Resets the sender. The receiver gets all forwarded bytes and then the end of the stream. */
  #break(from: Socket, to: Socket): void {
    if (!this.#sockets.has(from)) return;
    this.breaks += 1;
    reset(from);
    to.end();
  }

  #delay(): Promise<void> | undefined {
    const { delay } = this.conditions;
    if (delay === 0) return undefined;
    return new Promise((resolve) => setTimeout(resolve, this.#random() * delay));
  }
}

/** Resets a socket, or destroys it if it is being ended: after a reset during `end`, a process of Node.js 20 never exits. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
