import { Hono } from "hono";
import { Acceptance, AddEntry, MAX_KEY_PACKAGE_BYTES, PublishKeyPackages } from "lacre-api";
import type { KeyPackageCount } from "../database/key-package-queries.js";
import { addEntry, isReset } from "../devices/add-entry.js";
import { bindSession, deviceNotFound } from "../devices/device-sessions.js";
import { publishKeyPackages } from "../devices/key-packages.js";
import { HttpError } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { deviceLimit, publishLimit } from "../http/limits.js";
import { readDevice } from "../http/parameters.js";
import { passwordCheck } from "../http/password-check.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";

/** Seconds for which an acceptance is stored (docs/PROTOCOL.md, A-12). */
const ACCEPTANCE_SECONDS = 600;

/** Maximum bytes of a body with key packages: 100 and two of last resort, in base64. */
const MAX_BODY_BYTES = Math.ceil((103 * MAX_KEY_PACKAGE_BYTES * 4) / 3);

/** `/devices`: the user's own device log, acceptances of new devices, and key packages. */
export function deviceRoutes(services: Services) {
  const { store, sessions, hub } = services;
  const routes = new Hono<Authenticated>();
  const [limitDevices, limitPublish] = [deviceLimit(services), publishLimit(services)];
  const checkPassword = passwordCheck(services);
  routes.use(authenticated(services));

  routes.post("/", async (context) => {
    const session = context.get("session");
    const { entry, password } = await readBody(context, AddEntry);
    await limitDevices(context, session);
    if (isReset(entry)) await checkPassword(context, session, password);
    const { user_id } = session;
    const { last_seq, isNew, endedSessions } = await addEntry(store, session, entry);
    sessions.publishEnd(endedSessions);
    if (isNew) await hub.devicesChanged({ user_id, last_seq });
    return answer(context, { user_id, last_seq }, isNew ? 201 : 200);
  });

  routes.put("/:device/acceptance", async (context) => {
    const session = context.get("session");
    const device = readDevice(context);
    const { acceptance } = await readBody(context, Acceptance);
    await limitDevices(context, session);
    if (device === "") throw deviceNotFound();
    const { user_id } = session;
    const expires_at = Date.now() / 1000 + ACCEPTANCE_SECONDS;
    await store.transaction(async (inside) => {
      await inside.devices.lock([user_id]);
      await bindSession(inside, session, device, await inside.devices.find(user_id, device));
      await inside.devices.keepAcceptance({ user_id, device, acceptance, expires_at });
    });
    return context.body(null, 204);
  });

  routes.get("/:device/acceptance", async (context) => {
    const { user_id } = context.get("session");
    const device = readDevice(context);
    const found = await store.devices.findAcceptance(user_id, device, Date.now() / 1000);
    if (found === undefined) {
      throw new HttpError(
        404,
        "ERR_DEVICE_NOT_FOUND",
        "the device left no acceptance in the last 10 minutes: let it accept again",
      );
    }
    return answer(context, { acceptance: found.acceptance });
  });

  routes.post("/:device/key-packages", async (context) => {
    const session = context.get("session");
    const body = await readBody(context, PublishKeyPackages, MAX_BODY_BYTES);
    await limitPublish(context, session);
    const published = { ...body, last_resort: body.last_resort ?? [] };
    const counts = await publishKeyPackages(store, session, readDevice(context), published);
    return answer(context, toAnswer(counts));
  });

  routes.get("/:device/key-packages", async (context) => {
    const { user_id } = context.get("session");
    const device = readDevice(context);
    const known = await store.devices.find(user_id, device);
    if (known === undefined || known.isRemoved) throw deviceNotFound();
    return answer(context, toAnswer(await store.keyPackages.count(user_id, device)));
  });

  return routes;
}

function toAnswer(counts: readonly KeyPackageCount[]) {
  const suites = [...new Set(counts.map(({ suite }) => suite))].map((suite) => {
    const own = counts.filter((one) => one.suite === suite);
    const oneTime = own.find(({ is_last_resort }) => is_last_resort === 0);
    return { suite, count: oneTime?.count ?? 0, has_last_resort: own.length > (oneTime ? 1 : 0) };
  });
  return { suites };
}
