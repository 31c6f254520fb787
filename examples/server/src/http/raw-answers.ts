import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorResponse, type HttpError } from "../errors.js";
import { toJson } from "../json.js";

/** Writes an HTTP response directly to a socket and closes it. */
export async function answerBySocket(socket: Duplex, response: Response): Promise<void> {
  // Without a listener, an error of a closed client would end the process.
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

/** Builds the error response for a request that reached no route. */
export function rawErrorAnswer(error: HttpError): Response {
  return new Response(toJson(errorResponse(error)), {
    status: error.status,
    headers: { "content-type": "application/json" },
  });
}
