import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Context } from "hono";
import { parseAccept } from "hono/utils/accept";
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/utils/compress";

/** Content codings, best first. */
const CODINGS = ["br", "gzip"] as const;
type Coding = (typeof CODINGS)[number];

/** Minimum bytes to compress: below, the headers dominate the size. */
const WORTH_COMPRESSING = 1024;

/** Brotli quality. A higher one saves about a percent for twice the time. */
const BROTLI_QUALITY = 6;

const compress: Readonly<Record<Coding, (bytes: Uint8Array) => Promise<Buffer<ArrayBuffer>>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
    }),
  gzip: (bytes) => promisify(gzip)(bytes),
};

/** Constant content, compressed once per coding and served with an ETag. */
export class StaticContent {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #hash: string;
  readonly #isCompressible: boolean;
  readonly #compressed = new Map<Coding, Promise<Uint8Array<ArrayBuffer>>>();

  /** `headers` contain at least Content-Type and Cache-Control. */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    headers: { readonly "Content-Type": string; readonly "Cache-Control": string } & Record<
      string,
      string
    >,
  ) {
    this.#bytes = bytes;
    this.#headers = headers;
    this.#hash = createHash("sha256").update(bytes).digest("base64url");
    this.#isCompressible =
      bytes.length >= WORTH_COMPRESSING &&
      COMPRESSIBLE_CONTENT_TYPE_REGEX.test(headers["Content-Type"]);
  }

  /** Answers a GET or HEAD request. Ignores ranges and always sends the whole content. */
  async answer(context: Context): Promise<Response> {
    const { req } = context;
    const coding = this.#isCompressible ? codingFor(req.header("accept-encoding")) : undefined;
    const etag = `"${this.#hash}${coding === undefined ? "" : `-${coding}`}"`;
    for (const [name, value] of Object.entries(this.#headers)) context.header(name, value);
    context.header("ETag", etag);
    context.header("Accept-Ranges", "none");
    if (this.#isCompressible) context.header("Vary", "Accept-Encoding", { append: true });
    if (isKnown(req.header("if-none-match"), etag)) return context.body(null, 304);
    const body = coding === undefined ? this.#bytes : await this.#compress(coding);
    if (coding !== undefined) context.header("Content-Encoding", coding);
    context.header("Content-Length", String(body.length));
    return context.body(body);
  }

  #compress(coding: Coding): Promise<Uint8Array<ArrayBuffer>> {
    let compressed = this.#compressed.get(coding);
    if (compressed === undefined) {
      compressed = compress[coding](this.#bytes);
      this.#compressed.set(coding, compressed);
    }
    return compressed;
  }
}

/** Returns the best coding that the client accepts (RFC 9110, section 12.5.3); undefined if none. */
function codingFor(header = ""): Coding | undefined {
  const accepted = parseAccept(header);
  const weightOf = (coding: string) =>
    accepted.find(({ type }) => type.toLowerCase() === coding)?.q ??
    accepted.find(({ type }) => type === "*")?.q ??
    0;
  const [best] = CODINGS.toSorted((one, other) => weightOf(other) - weightOf(one));
  return weightOf(best!) > 0 ? best : undefined;
}

/** Whether the client already has this representation. Ignores the weak prefix, which a proxy may add. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const given = (ifNoneMatch ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return given.includes(etag) || given.includes("*");
}
