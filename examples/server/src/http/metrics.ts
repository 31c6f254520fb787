import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What an operator looks at, in Prometheus's form. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Histogram({
    name: "lacre_http_request_seconds",
    help: "HTTP requests, by route and status",
    labelNames: ["method", "route", "status"],
    buckets: [0.002, 0.01, 0.05, 0.2, 1, 5],
    registers: [this.registry],
  });
  readonly limited = new Counter({
    name: "lacre_rate_limited_total",
    help: "Requests and frames refused for their number, by limit",
    labelNames: ["limit"],
    registers: [this.registry],
  });
  readonly connections = new Gauge({
    name: "lacre_connections",
    help: "WebSockets open now",
    registers: [this.registry],
  });
  readonly closes = new Counter({
    name: "lacre_connection_closes_total",
    help: "WebSockets closed, by close code",
    labelNames: ["code"],
    registers: [this.registry],
  });
  readonly stored = new Counter({
    name: "lacre_messages_stored_total",
    help: "Messages committed and acknowledged",
    registers: [this.registry],
  });
  readonly storing = new Histogram({
    name: "lacre_message_store_seconds",
    help: "From a message's arrival to its commit",
    buckets: [0.002, 0.01, 0.05, 0.2, 1, 5],
    registers: [this.registry],
  });
  readonly refused = new Counter({
    name: "lacre_frames_refused_total",
    help: "Frames refused, by error code",
    labelNames: ["code"],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
