import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { MessageProtocol, Welcome } from "lacre";
import { acceptHello, directionKeys } from "lacre/server";
import { WebSocketServer } from "ws";

/** What the server answers to a `hello`: nothing, a welcome, or one with a nonce that is not the client's. */
export type Greeting = "nothing" | "a welcome" | "another nonce";

const SESSION_KEY = new Uint8Array(32).fill(7);
const NOTHING = { capabilities: [], limits: {}, heartbeat: 30 };

/** A server with accounts, tickets and handshakes, and nothing else. */
export class SmallServer {
  greeting: Greeting = "a welcome";
  readonly #server: Server = createServer(async (request, response) => {
    const [status, body] = this.#answer(request.url!, await bodyOf(request));
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  #users = 0;

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    const sockets = new WebSocketServer({ server: this.#server, path: "/ws" });
    sockets.on("connection", (socket) => {
      socket.once("message", (data: Buffer) => {
        const { frame } = acceptHello(data, SESSION_KEY, NOTHING, Date.now() / 1000);
        if (this.greeting === "a welcome") socket.send(frame);
        if (this.greeting === "another nonce") socket.send(withAnotherNonce(frame));
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(path: string, { username }: { readonly username?: string }): [number, object?] {
    if (path === "/auth/register") {
      this.#users += 1;
      const session_key = Buffer.from(SESSION_KEY).toString("base64");
      const tokens = { access_token: "an access token", refresh_token: "a refresh token" };
      return [201, { success: true, user_id: this.#users, username, session_key, ...tokens }];
    }
    if (path === "/auth/ws-ticket") return [200, { ticket: "a ticket", expires_in: 30 }];
    return [404, { error_code: "ERR_NOT_FOUND", error_message: "<no & no>" }];
  }
}

function withAnotherNonce(frame: Uint8Array): Uint8Array {
  const welcome = Welcome.fromProtocol(MessageProtocol.fromBytes(frame));
  const { server } = directionKeys(SESSION_KEY);
  return Welcome.toProtocol({ ...welcome, hello_nonce: new Uint8Array(16) }, server).toBytes();
}

async function bodyOf(request: IncomingMessage): Promise<{ readonly username?: string }> {
  return JSON.parse((await text(request)) || "{}");
}
