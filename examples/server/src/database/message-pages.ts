import { setImmediate as yieldToOthers } from "node:timers/promises";
import { type Kysely, type NotNull, sql } from "kysely";
import type { Schema, StoredMessage } from "./schema.js";

/** Maximum rows that one query scans. SQLite needs about a millisecond for them. */
const WINDOW = 20_000;

/** A stored message whose content is not deleted. */
export type UndeletedMessage = StoredMessage & { encrypted_content: Uint8Array };

export interface PageOptions {
  readonly after?: number | undefined;
  /** If set, the page has the last messages before this seq, otherwise the first after `after`. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly stored_after: number;
  /** Maximum total bytes of content. The page always has at least one message, even if it is larger. */
  readonly maxBytes?: number;
}

export interface MessagePage {
  /** Sorted by seq. */
  readonly messages: UndeletedMessage[];
  /** Whether more messages follow in the direction of the page. */
  readonly has_more: boolean;
}

interface Header {
  readonly seq: number;
  readonly bytes: number;
}

/** Reads pages of messages. */
export class MessagePageQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * Lists messages of a chat that have content and were stored after a time. SQLite queries block the event loop, so each
   * query limits the rows that it scans and the bytes that it reads.
   */
  async read(chat_id: number, page: PageOptions): Promise<MessagePage> {
    const found = await this.#listHeaders(chat_id, page);
    const chosen = fitting(found.slice(0, page.limit), page.maxBytes ?? Number.POSITIVE_INFINITY);
    const last = chosen.at(-1)?.seq;
    if (last === undefined) return { messages: [], has_more: false };
    const [first] = chosen as [Header];
    const messages = await this.#readContents(chat_id, {
      first: Math.min(first.seq, last),
      last: Math.max(first.seq, last),
      stored_after: page.stored_after,
      limit: chosen.length,
    });
    const has_more = chosen.length < found.length;
    if (messages.length > 0 || !has_more) return { messages, has_more };
    // All of these messages were deleted between the two queries.
    const rest = page.before === undefined ? { after: last } : { before: last };
    return this.read(chat_id, { ...page, ...rest });
  }

  /** Returns the first `limit` headers in the direction of the page, and one more if it exists. */
  async #listHeaders(
    chat_id: number,
    { after = 0, before, limit, stored_after }: PageOptions,
  ): Promise<Header[]> {
    const isForwards = before === undefined;
    const headers: Header[] = [];
    let window = isForwards
      ? { above: after, below: after + WINDOW + 1 }
      : { above: Math.max(after, before - WINDOW - 1), below: before };
    for (;;) {
      const wanted = limit + 1 - headers.length;
      const found = await this.#headersWithin(chat_id, {
        ...window,
        stored_after,
        wanted,
        isForwards,
      });
      headers.push(...found);
      if (headers.length > limit || (!isForwards && window.above === after)) return headers;
      await yieldToOthers();
      // The index of this query has no deleted messages, so it skips any number of them.
      const next = isForwards
        ? await this.#nextKept(chat_id, { above: window.below - 1 })
        : await this.#nextKept(chat_id, { above: after, below: window.above + 1 });
      if (next === undefined) return headers;
      window = isForwards
        ? { above: next - 1, below: next + WINDOW }
        : { above: Math.max(after, next - WINDOW), below: next + 1 };
    }
  }

  #headersWithin(
    chat_id: number,
    options: {
      above: number;
      below: number;
      stored_after: number;
      wanted: number;
      isForwards: boolean;
    },
  ): Promise<Header[]> {
    return this.#db
      .selectFrom("messages")
      .select("seq")
      .select(sql<number>`length(encrypted_content)`.as("bytes"))
      .where("chat_id", "=", chat_id)
      .where("seq", ">", options.above)
      .where("seq", "<", options.below)
      .where("stored_at", ">", options.stored_after)
      .where("encrypted_content", "is not", null)
      .orderBy("seq", options.isForwards ? "asc" : "desc")
      .limit(options.wanted)
      .execute();
  }

  /** Returns the first seq with content after `above`, or with `below` the last one between the two. */
  async #nextKept(
    chat_id: number,
    { above, below }: { above: number; below?: number },
  ): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom("messages")
      .select("seq")
      .where("chat_id", "=", chat_id)
      .where("seq", ">", above)
      .$if(below !== undefined, (query) => query.where("seq", "<", below!))
      .where("encrypted_content", "is not", null)
      .orderBy("seq", below === undefined ? "asc" : "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.seq;
  }

  #readContents(
    chat_id: number,
    {
      first,
      last,
      stored_after,
      limit,
    }: { first: number; last: number; stored_after: number; limit: number },
  ): Promise<UndeletedMessage[]> {
    return this.#db
      .selectFrom("messages")
      .selectAll()
      .where("chat_id", "=", chat_id)
      .where("seq", ">=", first)
      .where("seq", "<=", last)
      .where("stored_at", ">", stored_after)
      .where("encrypted_content", "is not", null)
      .orderBy("seq")
      .limit(limit)
      .$narrowType<{ encrypted_content: NotNull }>()
      .execute();
  }
}

/** Returns the first headers whose contents have at most `maxBytes` in total, and at least one header. */
function fitting(headers: readonly Header[], maxBytes: number): readonly Header[] {
  let total = 0;
  const end = headers.findIndex(({ bytes }, at) => {
    total += bytes;
    return at > 0 && total > maxBytes;
  });
  return end < 0 ? headers : headers.slice(0, end);
}
