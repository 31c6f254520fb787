import * as z from "zod/mini";
import { CommandError, exitCodes } from "../command-error.js";
import type { Options } from "../options.js";
import { print } from "../printing.js";
import { Config, Profile } from "../profile.js";

export const configKeys = Object.keys(Config.shape) as (keyof Config)[];

/** `config`: shows all settings or one, or changes one. */
export async function config(
  key: string | undefined,
  value: string | undefined,
  options: Options & { unset?: boolean },
): Promise<void> {
  const profile = new Profile(options);
  const chosen = profile.readConfig();
  if (key === undefined) {
    for (const one of configKeys) await print(`${one}\t${chosen[one] ?? "(not set)"}`);
    return;
  }
  if (!isKey(key)) {
    const known = configKeys.join(", ");
    throw new CommandError(`unknown key "${key}": use one of ${known}`, exitCodes.usage);
  }
  if (value === undefined && !options.unset) {
    await print(chosen[key] ?? "");
    return;
  }
  const { [key]: _, ...others } = chosen;
  const changed = z.safeParse(Config, options.unset ? others : { ...others, [key]: value });
  if (!changed.success) {
    const expected = changed.error.issues[0]!.message;
    throw new CommandError(`invalid value "${value}" for ${key}: use ${expected}`, exitCodes.usage);
  }
  profile.writeConfig(changed.data);
}

function isKey(key: string): key is keyof Config {
  return configKeys.includes(key as keyof Config);
}
