import { Sessions } from "../../../src/identity/sessions.js";
import type { Fault } from "./fault.js";

/** Faults of tickets, refresh tokens and logouts. */
export const sessionFaults: readonly Fault[] = [
  {
    name: "accepts a ticket twice",
    methods: [
      [
        Sessions.prototype,
        "redeemTicket",
        (redeemTicket) => {
          const redeemed = new Map<string, unknown>();
          return async function (this: Sessions, ticket: string) {
            const session = redeemed.get(ticket) ?? (await redeemTicket.call(this, ticket));
            redeemed.set(ticket, session);
            return session;
          };
        },
      ],
    ],
    failingCases: ["opens one WebSocket with a ticket"],
  },
  {
    name: "does not end sessions",
    methods: [[Sessions.prototype, "revoke", () => async () => {}]],
    failingCases: ["ends only the session that logs out"],
    notRun: [
      "ends the session when a refresh token is used again",
      "closes the connections of a session that ends",
      "lets the device of a login repeat a refresh",
    ],
  },
  {
    name: "treats a repeated refresh of the login's own device as theft",
    methods: [
      [
        Sessions.prototype,
        "refresh",
        (refresh) =>
          function (this: Sessions, token: string) {
            return refresh.call(this, token);
          },
      ],
    ],
    failingCases: ["lets the device of a login repeat a refresh"],
  },
];
