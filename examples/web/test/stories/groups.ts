import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { PASSWORD, type TestUser } from "../test-user.js";

export function describeGroups(fixture: PageFixture): void {
  /** Opens the page for a new user, and sets up groups on this device. Returns the recovery key. */
  async function signUpWithGroups(name: string): Promise<{ user: TestUser; recoveryKey: string }> {
    const user = await fixture.openUser(name);
    await user.signUp();
    await openGroups(user);
    await user.button("Set up groups on this device").click();
    const recoveryKey = (await user.page.locator(".recovery-key").textContent())!;
    await user.page.getByLabel("I have written it down").check();
    await user.button("Go on").click();
    await user.page.getByRole("heading", { name: "Your devices" }).waitFor();
    return { user, recoveryKey };
  }

  describe("a group", () => {
    it("carries messages between its members, also after a reload", async () => {
      const { user: gina } = await signUpWithGroups("gina");
      const { user: hilda } = await signUpWithGroups("hilda");
      const { user: irma } = await signUpWithGroups("irma");
      await createGroup(gina, "excursión", "hilda irma");
      await gina.waitForText("3 members");
      await gina.composer.fill("¿mañana?");
      await gina.confirmComposition();
      expect(await gina.composer.inputValue()).toBe("¿mañana?");
      await gina.composer.press("Enter");
      for (const user of [hilda, irma]) {
        await user.page.getByRole("link", { name: "excursión" }).click();
        await user.waitForMessages("¿mañana?");
      }
      await hilda.send("sí");
      await irma.waitForMessages("¿mañana?", "sí");
      expect(await irma.accessibilityViolations()).toEqual([]);
      await irma.page.reload();
      await irma.waitForMessages("¿mañana?", "sí");
      await irma.send("yo también");
      await gina.waitForMessages("¿mañana?", "sí", "yo también");
      // Nothing that was said, and no key, is readable in what the browser stores.
      const stored = await irma.storedData();
      expect(stored).not.toContain("yo también");
      expect(stored).toContain("CryptoKey extractable=false");
      expect(stored).not.toContain("CryptoKey extractable=true");
      await irma.button("Account of irma").click();
      await irma.button("Sign out and erase everything here").click();
      await irma.button("Create an account").waitFor();
      expect(await irma.storedData()).not.toContain("CryptoKey");
    });

    it("shows two members the same safety number, and goes on without one who leaves", async () => {
      const { user: juan } = await signUpWithGroups("juan");
      const { user: karla } = await signUpWithGroups("karla");
      await createGroup(juan, "dos", "karla");
      await karla.page.getByRole("link", { name: "dos" }).click();
      const digits = async (user: TestUser, name: string) => {
        await user.button("Members of this group").click();
        await user.button(`Safety number of ${name}`).click();
        return user.page.getByRole("dialog").locator(".recovery-key").textContent();
      };
      const number = await digits(juan, "karla");
      expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
      expect(await digits(karla, "juan")).toBe(number);
      expect(await juan.accessibilityViolations()).toEqual([]);
      await juan.button("They are the same").click();
      await juan.waitForText("verified");
      await karla.button("Leave the group").click();
      await juan.button("Done").click();
      await juan.waitForText("1 member");
    });
  });

  describe("another device", () => {
    it("joins the groups of its user when the first device adds it, and is shut out when it is removed", async () => {
      const { user: luis } = await signUpWithGroups("luis");
      const { user: marta } = await signUpWithGroups("marta");
      await createGroup(luis, "familia", "marta");
      const second = await fixture.openDevice(luis);
      await second.signIn();
      await openGroups(second);
      await second.button("Add this device").click();
      const link = (await second.page.locator(".link-text").textContent())!;
      await openGroups(luis);
      await luis.page.getByLabel("Add a device").fill(link);
      await luis.button("Add the device").click();
      await luis.button("Yes, add it").click();
      await second.page.getByRole("link", { name: "familia" }).click();
      await second.page.getByRole("textbox", { name: "Message to familia" }).waitFor();
      await marta.page.getByRole("link", { name: "familia" }).click();
      await marta.send("para los dos");
      await second.waitForMessages("para los dos");
      await second.send("desde el segundo");
      await marta.waitForMessages("para los dos", "desde el segundo");
      await luis.button("Remove").click();
      await second.waitForText("the server does not accept this login any more");
    });

    it("comes back with the recovery key", async () => {
      const { user: nico, recoveryKey } = await signUpWithGroups("nico");
      const { user: ofelia } = await signUpWithGroups("ofelia");
      await createGroup(ofelia, "otra vez", "nico");
      await nico.page.getByRole("link", { name: "otra vez" }).click();
      await nico.send("antes de perderlo");
      await ofelia.waitForMessages("antes de perderlo");
      await ofelia.send("yo también");
      await nico.waitForMessages("antes de perderlo", "yo también");
      await openGroups(nico);
      await nico.page.getByLabel("Recovery key").fill(recoveryKey);
      await nico.button("Turn the backup on").click();
      await nico.button("Turn the backup off, and delete it").waitFor();
      await nico.waitForText("The backup of your groups is on.");
      const fresh = await fixture.openDevice(nico);
      await nico.close();
      await fresh.signIn();
      await openGroups(fresh);
      await fresh.page.getByLabel("Recovery key").fill(recoveryKey);
      await fresh.page.getByRole("group", { name: "Which devices" }).getByRole("checkbox").check();
      await fresh.button("Recover").click();
      await fresh.page.getByRole("link", { name: "otra vez" }).click();
      await fresh.waitForMessages("antes de perderlo", "yo también");
      await fresh.send("aquí estoy");
      await ofelia.waitForMessages("antes de perderlo", "yo también", "aquí estoy");
    });

    it("begins again without the recovery key, and is written to when that is accepted", async () => {
      const { user: paula } = await signUpWithGroups("paula");
      const { user: quino } = await signUpWithGroups("quino");
      await createGroup(quino, "de nuevo", "paula");
      await paula.page.getByRole("link", { name: "de nuevo" }).waitFor();
      const fresh = await fixture.openDevice(paula);
      await paula.close();
      await fresh.signIn();
      await openGroups(fresh);
      await fresh.page.getByLabel("Password of your account").fill("not the password");
      await fresh.button("Begin again").click();
      await fresh.page.getByLabel("I have written it down").check();
      await fresh.button("Go on").click();
      await fresh.waitForText("The password is wrong");
      expect(await fresh.accessibilityViolations()).toEqual([]);
      await fresh.page.getByLabel("Password of your account").fill(PASSWORD);
      await fresh.button("Begin again").click();
      await fresh.page.getByLabel("I have written it down").check();
      await fresh.button("Go on").click();
      await fresh.page.getByRole("heading", { name: "Your devices" }).waitFor();
      await quino.waitForText("paula has begun again with another device");
      await quino.button("Members of this group").click();
      await quino.button("Safety number of paula").click();
      await quino.button("They are the same").click();
      await quino.waitForText("verified");
      await quino.button("Done").click();
      await quino.send("bienvenida");
      await fresh.page.getByRole("link", { name: "de nuevo" }).click();
      await fresh.waitForMessages("bienvenida");
    });
  });
}

async function openGroups(user: TestUser): Promise<void> {
  await user.page.getByRole("link", { name: "Groups and devices" }).click();
}

async function createGroup(user: TestUser, name: string, members: string): Promise<void> {
  await user.page.getByLabel("Name of the group").fill(name);
  await user.page.getByLabel("Usernames of the members").fill(members);
  await user.button("Create the group").click();
  await user.page.getByRole("textbox", { name: `Message to ${name}` }).waitFor();
}
