import { Hono } from "hono";
import { parameters } from "lacre-api";
import { HttpError } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { readInteger, readText } from "../http/parameters.js";
import { answer } from "../json.js";
import type { Services } from "../services.js";

/** `/invitations`: what the user's devices need to join MLS chats. */
export function invitationRoutes(services: Services) {
  const { store } = services;
  const routes = new Hono<Authenticated>();
  routes.use(authenticated(services));

  routes.get("/", async (context) => {
    const { user_id } = context.get("session");
    const after = readInteger(context, parameters.afterInvitation) ?? 0;
    const device = readText(context, parameters.ownDevice);
    const invitation = await store.commits.nextInvitation({ user_id, device }, after);
    return answer(context, { invitations: invitation === undefined ? [] : [invitation] });
  });

  routes.delete("/:invitation_id", async (context) => {
    const { user_id } = context.get("session");
    const invitation_id = Number(context.req.param("invitation_id"));
    const isDeleted =
      Number.isSafeInteger(invitation_id) &&
      (await store.commits.deleteInvitation(user_id, invitation_id));
    if (!isDeleted) throw new HttpError(404, "ERR_NOT_FOUND", "there is no such invitation");
    return context.body(null, 204);
  });

  return routes;
}
