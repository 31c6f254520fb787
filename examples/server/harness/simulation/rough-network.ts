import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Weather } from "./plan.js";

/** The network between a device and the server: it is slow, and it breaks connections in the middle of a frame. */
export class RoughNetwork {
  weather: Weather;
  /** How many connections broke by themselves. */
  breaks = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  readonly #random: () => number;

  private constructor(port: number, weather: Weather, random: () => number) {
    this.#port = port;
    this.weather = weather;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port, in front of the server on `port`. */
  static async start(port: number, weather: Weather, random: () => number): Promise<RoughNetwork> {
    const network = new RoughNetwork(port, weather, random);
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks all connections, in the middle of whatever they carry. */
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
      this.#handOn(from, to);
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        // What was cut at a byte ends there, and not before it.
        if (!to.writableEnded) reset(to);
      });
    }
  }

  #handOn(from: Socket, to: Socket): void {
    const { cut, bytes } = this.weather;
    const isDoomed = this.#random() < cut;
    let rest = isDoomed ? Math.floor(this.#random() * bytes) : Number.POSITIVE_INFINITY;
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

  /** The one end sees everything up to some byte, and then that the other is gone. */
  #break(from: Socket, to: Socket): void {
    if (!this.#sockets.has(from)) return;
    this.breaks += 1;
    reset(from);
    to.end();
  }

  #delay(): Promise<void> | undefined {
    const { delay } = this.weather;
    if (delay === 0) return undefined;
    return new Promise((resolve) => setTimeout(resolve, this.#random() * delay));
  }
}

/** A reset in the middle of a graceful end is more than Node 20 survives: its process never exits. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
