import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Histogram buckets in seconds, from the time of an idle server to a typical client timeout. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Prometheus metrics of the server. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = this.#histogram(
    "lacre_http_request_seconds",
    "HTTP requests, by route and status",
    ["method", "route", "status"],
  );
  readonly limited = this.#counter(
    "lacre_rate_limited_total",
    "Requests and frames rejected by a rate limit, by limit",
    ["limit"],
  );
  readonly connections = this.#gauge("lacre_connections", "WebSockets open now");
  readonly closes = this.#counter(
    "lacre_connection_closes_total",
    "WebSockets closed, by close code",
    ["code"],
  );
  readonly queued = this.#gauge("lacre_queued_bytes", "Bytes that wait to be sent over WebSockets");
  readonly stored = this.#counter(
    "lacre_messages_stored_total",
    "Messages committed and acknowledged",
  );
  readonly storing = this.#histogram(
    "lacre_message_store_seconds",
    "Time from receiving a message to its commit",
  );
  readonly framesRejected = this.#counter(
    "lacre_frames_refused_total",
    "Frames rejected, by error code",
    ["code"],
  );
  readonly databaseFailures = this.#counter(
    "lacre_database_failures_total",
    "Requests and frames that failed because of the database, and broken connections to it",
  );
  readonly redisUp = this.#gauge(
    "lacre_redis_up",
    "Whether Redis answers: 1 or 0. Always 1 without Redis",
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  #gauge(name: string, help: string) {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Histogram({ name, help, labelNames, buckets: BUCKETS, registers: [this.registry] });
  }
}
