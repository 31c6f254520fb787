import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { hash } from "@node-rs/argon2";
import { preparePassword, usernameKey } from "lacre";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import {
  createChat,
  findChat,
  loginInMemory,
  openChat,
  signIn,
  storesInMemory,
} from "../src/index.js";
import { enter as enterAccount } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const COMPOSED = "contraseña muy larga";
const DECOMPOSED = COMPOSED.normalize("NFD");
const PASSPHRASE = "battery staple";

const enter = (how: "register" | "login", username: string, password: string) =>
  enterAccount(server.url, username, { how, password });

it("finds an account and its chat by every form of the name", async () => {
  const ana = await enter("register", "ana", COMPOSED);
  for (const [name, ...forms] of [
    ["José", "José".normalize("NFD"), "JOSÉ"],
    ["Weiß_klaus", "weiss_klaus", "WEISS_KLAUS"],
    ["IŞIK_demir", "ışık_demir", "işik_demir"],
    ["İnci_aylin", "inci_aylin", "İNCİ_AYLİN"],
    ["सीता_देवी", "सीता_देवी".normalize("NFD")],
  ] as [string, ...string[]][]) {
    await enter("register", name, COMPOSED);
    for (const [at, form] of [...forms, name].entries()) {
      expect((await enter("login", form, COMPOSED)).username).toBe(name);
      const chat = await findChat(ana, form);
      if (at === 0) expect(chat).toBeUndefined();
      const opened =
        chat === undefined
          ? await createChat(ana, form, PASSPHRASE)
          : await openChat(ana, chat, PASSPHRASE);
      expect(opened.peer_name).toBe(name);
    }
  }
}, 120_000);

it("logs in with a password in any form", async () => {
  await enter("register", "bob", DECOMPOSED);
  for (const password of [COMPOSED, DECOMPOSED, COMPOSED.replaceAll(" ", "\u00a0")]) {
    expect((await enter("login", "bob", password)).username).toBe("bob");
  }
  await expect(enter("login", "bob", `${COMPOSED} `)).rejects.toMatchObject({ status: 401 });
});

it("logs in with a password that the server hashed as it was typed", async () => {
  const create = async (username: string, password: string) => {
    const hashed_password = await hash(password);
    const user = { uuid: randomUUID(), username, username_key: usernameKey(username) };
    await server.withStore((store) =>
      store.users.create({ ...user, hashed_password, created_at: 0 }, [username]),
    );
  };
  await create("carol", DECOMPOSED);
  await expect(enter("login", "carol", COMPOSED)).rejects.toMatchObject({ status: 401 });
  expect((await enter("login", "carol", DECOMPOSED)).username).toBe("carol");
  expect((await enter("login", "carol", COMPOSED)).username).toBe("carol");

  // The prepared form is too short to register.
  const short = "abcde\u0301";
  expect([...preparePassword(short)]).toHaveLength(5);
  await create("dave", short);
  expect((await enter("login", "dave", short)).username).toBe("dave");
  await expect(enter("register", "erin", short)).rejects.toMatchObject({ code: "ERR_VALIDATION" });
});

it("sends the prepared password, and at login then the typed one if it differs", async () => {
  const sent: unknown[] = [];
  const refusing = createServer(async (request, response) => {
    sent.push(((await json(request)) as { password: string }).password);
    const refusal = { error_code: "ERR_WRONG_CREDENTIALS", error_message: "no", timestamp: 0 };
    response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify(refusal));
  });
  await once(refusing.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  const ask = async (how: "register" | "login", password: string) => {
    const credentials = { username: "ana", password };
    const asking = signIn(how, url, credentials, loginInMemory(), storesInMemory);
    await expect(asking).rejects.toMatchObject({ status: 401 });
    return sent.splice(0);
  };
  try {
    expect(await ask("login", COMPOSED)).toEqual([COMPOSED]);
    expect(await ask("login", DECOMPOSED)).toEqual([COMPOSED, DECOMPOSED]);
    expect(await ask("register", DECOMPOSED)).toEqual([COMPOSED]);
  } finally {
    refusing.close();
  }
});
