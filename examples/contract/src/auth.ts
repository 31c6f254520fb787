import { exec } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { ContractUser, ContractUsers } from "lacre/testing";
import { WebSocket } from "ws";

/** What the function of an `--auth` module receives. */
export interface AuthContext {
  readonly url: URL;
  /** Opens a WebSocket with headers, which Node 20 cannot do without a package. */
  readonly WebSocket: typeof WebSocket;
}

/** Returns the functions that create users and chats on the server. Undefined if the cases use its HTTP API. */
export async function usersOf(
  url: URL,
  { auth, authCommand }: { readonly auth?: string; readonly authCommand?: string },
): Promise<ContractUsers | undefined> {
  if (auth !== undefined) return fromModule(auth, url);
  if (authCommand !== undefined) return fromCommand(authCommand, url);
  return undefined;
}

async function fromModule(path: string, url: URL): Promise<ContractUsers> {
  const module = await import(pathToFileURL(resolve(path)).href).catch((error) => {
    throw new Error(`cannot load ${path}: ${error.message}`);
  });
  if (typeof module.default !== "function") {
    throw new Error(`${path} has no default export that is a function`);
  }
  const context: AuthContext = { url, WebSocket };
  const users = await module.default(context);
  for (const name of ["create", "createChat"]) {
    if (typeof users?.[name] !== "function") {
      throw new Error(`the function of ${path} returns no function ${name}`);
    }
  }
  return users;
}

/** The JSON that `COMMAND create` prints. */
interface PrintedUser extends Pick<ContractUser, "user_id"> {
  readonly session_key: string;
  /** Address of the WebSocket, with the user's credential. It is used several times. */
  readonly url: string;
  readonly headers?: Record<string, string>;
}

function fromCommand(command: string, url: URL): ContractUsers {
  const run = async (...args: readonly string[]) => {
    // The shell splits the command, so that it may have arguments of its own. `args` are words and numbers.
    const line = [command, ...args].join(" ");
    const env = { ...process.env, LACRE_URL: String(url) };
    const { stdout } = await promisify(exec)(line, { env });
    try {
      return JSON.parse(stdout);
    } catch {
      throw new Error(`${line} printed no JSON: ${stdout.slice(0, 200)}`);
    }
  };
  return {
    async create() {
      const { user_id, session_key, url, headers }: PrintedUser = await run("create");
      const connect = () => new WebSocket(url, { ...(headers && { headers }) });
      return { user_id, session_key, connect };
    },
    createChat: async (creator, peer) =>
      (await run("create-chat", String(creator.user_id), String(peer.user_id))).chat_id,
  };
}
