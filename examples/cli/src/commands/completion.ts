import type { Command } from "commander";
import { exitCodes, Failure } from "../failure.js";
import { configKeys } from "./config.js";

const writers = { bash, zsh, fish };
export const shells = Object.keys(writers);

/** A script that has a shell complete what is typed after `lacre-chat`. */
export function completion(shell: string, program: Command): void {
  const writer = writers[shell as keyof typeof writers];
  if (writer === undefined) {
    throw new Failure(
      `there is no completion for ${shell}: there is for ${shells.join(", ")}`,
      exitCodes.usage,
    );
  }
  process.stdout.write(writer(commandsOf(program), optionsOf(program)));
}

interface Completed {
  readonly name: string;
  readonly about: string;
}

interface CompletedCommand extends Completed {
  readonly options: readonly Completed[];
  readonly values: readonly string[];
}

function optionsOf(command: Command): Completed[] {
  return command.options.map(({ long, description }) => ({ name: long!, about: description }));
}

function commandsOf(program: Command): CompletedCommand[] {
  return program.commands.map((command) => {
    const name = command.name();
    const values = name === "config" ? configKeys : name === "completion" ? shells : [];
    return { name, about: command.description(), options: optionsOf(command), values };
  });
}

function words(all: readonly Completed[]): string {
  return all.map(({ name }) => name).join(" ");
}

function bash(commands: readonly CompletedCommand[], options: readonly Completed[]): string {
  const cases = commands.map(
    (command) =>
      `    ${command.name}) words="${[words(command.options), ...command.values].join(" ").trim()}" ;;`,
  );
  return `# eval "$(lacre-chat completion bash)"
_lacre_chat() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words=""
  case "$previous" in
    --*-file|--output) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --server|--profile|--limit|--before) return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${commands.map(({ name }) => name).join("|")}) command="$word"; break ;; esac
  done
  case "$command" in
    "") words="${words(commands)}" ;;
${cases.join("\n")}
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
  local command word
  local -a commands more options
  case "$words[CURRENT-1]" in
    --*-file|--output) _files; return ;;
    --server|--profile|--limit|--before) return ;;
  esac
  commands=(${commands.map(described).join(" ")})
  options=(${options.map(described).join(" ")})
  for word in "\${words[@]:1:CURRENT-2}"; do
    case "$word" in (${commands.map(({ name }) => name).join("|")}) command="$word"; break ;; esac
  done
  case "$command" in
    "") _describe command commands ;;
${cases.join("\n")}
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
  const file = ({ name }: Completed) => (/-file$|^--output$/.test(name) ? " -r -F" : "");
  const lines = [
    "complete -c lacre-chat -f",
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
