/** nginx before a broker, as people put it there: a process of its own, with a configuration of a test. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../temp-dir.ts";
import { startInside } from "./carriers.ts";

/** A running one; ended on dispose. */
export interface Nginx extends AsyncDisposable {
  readonly url: string;
}

// Debian's stands where the PATH of a usual user does not lead.
const PROGRAM = ["nginx", "/usr/sbin/nginx"].find((path) => spawnSync(path, ["-v"]).status === 0);

/** Why this machine gives a test no nginx; undefined when it does. */
export const whyNoNginx = PROGRAM === undefined ? "needs nginx, as in Debian's package" : undefined;

/**
 * Serves on a port of the loopback, over TLS where it has a certificate to show; `location` is what stands inside
 * `location / { … }`.
 */
export async function openNginx(
  port: number,
  location: string,
  shown?: { readonly cert: string; readonly key: string },
): Promise<Nginx> {
  if (PROGRAM === undefined) throw new Error(whyNoNginx);
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(tempDir()).path;
  const file = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  if (shown) writeFileSync(cert, shown.cert);
  if (shown) writeFileSync(key, shown.key, { mode: 0o600 });
  const tls = shown ? `ssl_certificate ${cert}; ssl_certificate_key ${key};` : "";
  writeFileSync(
    file,
    // One process, so that it ends with the one that is known.
    `daemon off; master_process off; pid ${join(folder, "pid")}; error_log stderr notice; events {}
     http { access_log off; ${temporary.join(" ")}
       server { listen 127.0.0.1:${port}${shown ? " ssl" : ""}; ${tls} location / { ${location} } } }`,
  );
  const line = [PROGRAM, "-c", file, "-p", folder, "-e", join(folder, "early.log")];
  // It has its port by the time that it tells of the machine.
  opened.use(await startInside({ inside: [] }, line, ({ stderr }) => stderr().includes("OS: ")));
  const running = opened.move();
  return {
    url: `${shown ? "https" : "http"}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
