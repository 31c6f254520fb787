import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.js";
import { Child } from "./child.js";
import { freePort } from "./free-port.js";
import { isListening } from "./listening.js";
import { programPath } from "./programs.js";

const START_SECONDS = 20;

const nginx = programPath("nginx");

export const isNginxInstalled = nginx !== undefined;

export interface NginxOptions {
  /** The port of the upstream server. */
  readonly to: number;
  /** The public path of the server, such as `/lacre`. */
  readonly basePath: string;
  /** Whether nginx removes that path from requests. */
  readonly strips: boolean;
}

/** An nginx that forwards one path to a server and answers all others with 404. */
export class NginxProcess {
  readonly port: number;
  readonly #folder: string;
  readonly #child: Child;

  private constructor(port: number, folder: string, child: Child) {
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  static async start(options: NginxOptions): Promise<NginxProcess> {
    const folder = mkdtempSync(join(tmpdir(), "lacre-nginx-"));
    const port = await freePort();
    writeFileSync(join(folder, "nginx.conf"), configuration(port, folder, options));
    const args = ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
    const child = new Child("nginx", nginx!, args, {});
    const isUp = await until(() => child.hasEnded || isListening(port), START_SECONDS);
    if (!isUp || child.hasEnded) throw new Error(`nginx does not start. ${child.lastOutput}`);
    return new NginxProcess(port, folder, child);
  }

  async remove(): Promise<void> {
    await this.#child.end("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The `location` blocks are those of docs/operations.md. */
function configuration(port: number, folder: string, options: NginxOptions): string {
  const { to, basePath, strips } = options;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
${process.getuid!() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
${temporary.map((one) => `  ${one}_temp_path ${folder}/${one};`).join("\n")}
  server {
    listen 127.0.0.1:${port};
    absolute_redirect off;
    location ${basePath}/ {
      proxy_pass http://127.0.0.1:${to}${strips ? "/" : ""};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr:$remote_port;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
      proxy_read_timeout 120s;
    }
    location = ${basePath} {
      return 308 ${basePath}/;
    }
    location ~ /metrics/?$ {
      return 404;
    }
  }
}
`;
}
