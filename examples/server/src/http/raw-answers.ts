import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorResponse, type Refusal } from "../errors.js";
import { toJson } from "../json.js";

/** Answers by a socket that no HTTP parser reads any more, and closes it. */
export async function answerBySocket(socket: Duplex, response: Response): Promise<void> {
  // Nobody else listens any more: a client that has gone would end the process.
  socket.on("error", () => {});
  const body = Buffer.from(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("connection", "close");
  headers.set("content-length", String(body.length));
  const { status } = response;
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of headers) head.push(`${name}: ${value}`);
  socket.end(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]), () =>
    socket.destroy(),
  );
}

/** The answer to what never came as far as a route. */
export function bareRefusal(refusal: Refusal): Response {
  return new Response(toJson(errorResponse(refusal)), {
    status: refusal.status,
    headers: { "content-type": "application/json" },
  });
}
