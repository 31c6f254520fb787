import type { Command } from "commander";
import type { GroupAction } from "./commands/group.js";

/** Adds the commands of groups and devices. They load MLS when they run, because other commands do not need it. */
export function addGroupCommands(program: Command): void {
  const groupProgram = program
    .command("group")
    .description("show and change who is in a group: add, remove, leave, members");

  for (const [usage, about] of [
    ["add <name> <user>", "add a user to a group"],
    ["remove <name> <user>", "remove a user from a group"],
    ["leave <name>", "leave a group"],
    ["members <name>", "list the members of a group, and whether you verified them"],
  ] as const) {
    const command = groupProgram.command(usage).description(about);
    if (usage.startsWith("members")) command.option("--json", "print one JSON object per line");
    command.action(async (name: string, ...rest: unknown[]) => {
      const { group } = await import("./commands/group.js");
      const user = typeof rest[0] === "string" ? rest[0] : undefined;
      return group(command.name() as GroupAction, name, user, command.optsWithGlobals());
    });
  }

  program
    .command("devices")
    .option("--json", "print one JSON object per line")
    .description(
      "list your devices for groups, add one that shows a lacre-device: text, remove one, or begin again",
    )
    .option("--add <text>", "add the device that lacre-chat link shows")
    .option("--remove <id>", "remove a device from the account and all groups")
    .option("--reset", "all devices and the recovery key are lost: begin again with this device")
    .option("--yes", "do not ask")
    .action(async (_, command) => {
      const { devices } = await import("./commands/devices.js");
      return devices(command.optsWithGlobals());
    });

  program
    .command("link")
    .description("make this a device of your account, which another device of yours adds")
    .action(async (_, command) => {
      const { link } = await import("./commands/link.js");
      return link(command.optsWithGlobals());
    });

  program
    .command("recover")
    .description(
      "make this a device of your account with its recovery key, and remove lost devices",
    )
    .option("--recovery-key-file <file>", "read the recovery key from a file")
    .option(
      "--remove <id>",
      "a lost device; may be given several times",
      (id: string, ids: string[] = []) => [...ids, id],
    )
    .action(async (_, command) => {
      const { recover } = await import("./commands/recover.js");
      return recover(command.optsWithGlobals());
    });

  program
    .command("backup")
    .description("say whether your groups are backed up, turn that on or off, or restore them")
    .option("--on", "back up what your devices read, encrypted to your recovery key")
    .option("--off", "turn the backup off, and delete it")
    .option("--restore", "restore what this device has not read")
    .option("--recovery-key-file <file>", "read the recovery key from a file")
    .option("--yes", "do not ask before it is deleted")
    .action(async (_, command) => {
      const { backup } = await import("./commands/backup.js");
      return backup(command.optsWithGlobals());
    });

  program
    .command("verify <user>")
    .description("show 60 digits to compare with a user, which prove that the server is honest")
    .option(
      "--accept",
      "the user has begun again: accept the new devices if the digits are the same",
    )
    .option("--yes", "they are the same: do not ask")
    .action(async (user, _, command) => {
      const { verify } = await import("./commands/verify.js");
      return verify(user, command.optsWithGlobals());
    });
}
