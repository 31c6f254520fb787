import type { Command } from "commander";
import { CommandError, exitCodes } from "../command-error.js";
import { print } from "../printing.js";
import { configKeys } from "./config.js";

const writers = { bash, zsh, fish };
export const shells = Object.keys(writers);

/** `completion`: prints a script with which a shell completes the arguments of `lacre-chat`. */
export async function completion(shell: string, program: Command): Promise<void> {
  const writer = writers[shell as keyof typeof writers];
  if (writer === undefined) {
    throw new CommandError(
      `there is no completion for ${shell}: use ${shells.join(", ")}`,
      exitCodes.usage,
    );
  }
  await print(writer(commandsOf(program), optionsOf(program)).trimEnd());
}

/** The options whose values cannot be completed. */
const WITH_VALUE = "--server|--profile|--limit|--before|--timeout|--group|--add|--remove";

interface Completed {
  readonly name: string;
  readonly about: string;
}

interface CompletedCommand extends Completed {
  readonly options: readonly Completed[];
  readonly values: readonly string[];
  /** Whether its first argument is the name of a user. */
  readonly takesUser: boolean;
}

function optionsOf(command: Command): Completed[] {
  return command.options.map(({ long, description }) => ({ name: long!, about: description }));
}

function commandsOf(program: Command): CompletedCommand[] {
  const commands = program.createHelp().visibleCommands(program);
  return commands.map((command) => {
    const name = command.name();
    const values = name === "config" ? configKeys : name === "completion" ? shells : [];
    const takesUser = command.registeredArguments[0]?.name() === "user";
    return { name, about: command.description(), options: optionsOf(command), values, takesUser };
  });
}

function words(all: readonly Completed[]): string {
  return all.map(({ name }) => name).join(" ");
}

/** Returns a `case` pattern of the commands whose first argument is the name of a user. */
function withUser(commands: readonly CompletedCommand[]): string {
  const names = commands.filter(({ takesUser }) => takesUser).map(({ name }) => name);
  return names.join("|");
}

function bash(commands: readonly CompletedCommand[], options: readonly Completed[]): string {
  const cases = commands.map(
    (command) =>
      `    ${command.name}) words="${[words(command.options), ...command.values].join(" ").trim()}" ;;`,
  );
  return `# eval "$(lacre-chat completion bash)"
_lacre_chat() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words="" at
  local user="" profile=()
  case "$previous" in
    --*-file|--*-out|--output) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${WITH_VALUE}) return ;;
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    case "$word" in
      --profile)
        [ "\${COMP_WORDS[at+1]}" != "=" ] || ((at++))
        ((at++))
        profile=(--profile "\${COMP_WORDS[at]}") ;;
      -*) ;;
      ${commands.map(({ name }) => name).join("|")}) [ -z "$command" ] && command="$word" || user="$word" ;;
      *) [ -z "$command" ] || user="$word" ;;
    esac
  done
  case "$command" in
    "") words="${words(commands)}" ;;
${cases.join("\n")}
  esac
  case "$command" in
    ${withUser(commands)}) [ -n "$user" ] || words="$words $("\${COMP_WORDS[0]}" "\${profile[@]}" peers "$command" 2>/dev/null)" ;;
  esac
  COMPREPLY=($(compgen -W "$words ${words(options)}" -- "$current"))
}
complete -F _lacre_chat lacre-chat
`;
}

function zsh(commands: readonly CompletedCommand[], options: readonly Completed[]): string {
  const described = (one: Completed) => `'${one.name}:${one.about.replace(/[':]/g, " ")}'`;
  const cases = commands.map(
    ({ name, options, values }) =>
      `    ${name}) more=(${options.map(described).join(" ")} ${values.join(" ")}) ;;`,
  );
  return `#compdef lacre-chat
# eval "$(lacre-chat completion zsh)"
_lacre_chat() {
  local command word user at
  local -a commands more options profile
  case "$words[CURRENT-1]" in
    --*-file|--*-out|--output) _files; return ;;
    ${WITH_VALUE}) return ;;
  esac
  commands=(${commands.map(described).join(" ")})
  options=(${options.map(described).join(" ")})
  for ((at = 2; at < CURRENT; at++)); do
    word="$words[at]"
    case "$word" in
      (--profile) ((at++)); profile=(--profile "$words[at]") ;;
      (--profile=*) profile=("$word") ;;
      (-*) ;;
      (${commands.map(({ name }) => name).join("|")}) [[ -z "$command" ]] && command="$word" || user="$word" ;;
      (*) [[ -z "$command" ]] || user="$word" ;;
    esac
  done
  case "$command" in
    "") _describe command commands ;;
${cases.join("\n")}
  esac
  case "$command" in
    (${withUser(commands)}) [[ -n "$user" ]] || more+=(\${(f)"$($words[1] $profile peers $command 2>/dev/null)"}) ;;
  esac
  (( $#more )) && _describe argument more
  _describe option options
}
(( $+functions[compdef] )) && compdef _lacre_chat lacre-chat
`;
}

function fish(commands: readonly CompletedCommand[], options: readonly Completed[]): string {
  const quoted = (text: string) => `'${text.replace(/'/g, "\\'")}'`;
  const none = `not __fish_seen_subcommand_from ${words(commands)}`;
  const long = ({ name }: Completed) => name.replace(/^--/, "");
  const file = ({ name }: Completed) => (/-file$|-out$|^--output$/.test(name) ? " -r -F" : "");
  const lines = [
    "function __lacre_chat_peers",
    "  set -l words (commandline -opc)",
    "  set -l at (contains -i -- --profile $words)",
    "  and set -x LACRE_PROFILE $words[(math $at + 1)]",
    "  lacre-chat peers $argv 2>/dev/null",
    "end",
    "complete -c lacre-chat -f",
    ...commands
      .filter(({ takesUser }) => takesUser)
      .map(
        ({ name }) =>
          `complete -c lacre-chat -n '__fish_seen_subcommand_from ${name}' -a '(__lacre_chat_peers ${name})'`,
      ),
    ...options.map(
      (one) => `complete -c lacre-chat -l ${long(one)}${file(one)} -d ${quoted(one.about)}`,
    ),
    ...commands.flatMap((command) => [
      `complete -c lacre-chat -n '${none}' -a ${command.name} -d ${quoted(command.about)}`,
      ...command.options.map(
        (one) =>
          `complete -c lacre-chat -n '__fish_seen_subcommand_from ${command.name}' -l ${long(one)}${file(one)} -d ${quoted(one.about)}`,
      ),
      ...command.values.map(
        (value) =>
          `complete -c lacre-chat -n '__fish_seen_subcommand_from ${command.name}' -a ${value}`,
      ),
    ]),
  ];
  return `# lacre-chat completion fish | source\n${lines.join("\n")}\n`;
}
