/**
 * What a program that is started here inherits of the environment: what is allowed, and nothing else. Everything else is
 * somebody's business who started us: secrets, the options of a project's Node, its inspector, its git.
 */

/** What a program needs to find itself, its user, its language and its files; the same for every project. */
const SYSTEM = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LANGUAGE", "TMPDIR", "TMP", "TEMP"],
  // Without these a Node that is not the distribution's may not start: NixOS, conda, Termux.
  ...["LD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH", "PREFIX", "NODE_ICU_DATA"],
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "USERNAME"],
  ...["APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS"],
]);
const SYSTEM_FAMILIES = /^(LC|XDG)_/;

/** Whom this machine trusts: webhooks go to https addresses that a company's own authority has signed. */
const CERTIFICATES = new Set(["NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA", "SSL_CERT_FILE", "SSL_CERT_DIR"]);

/** Settings of a mesh; what an adapter's session is told of itself is none. */
const SETTINGS = /^(AGENTMESH|CLAUDE_PEERS)_/;
const OF_A_SESSION = /^(AGENTMESH_(NAME|PUSH|URL|SETUP|CANARY|SIGN_MS|SUMMARY(_.*)?)|CLAUDE_PEERS_BROKER_URL)$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** For a program of this system, such as git: only what the system itself sets, and the names `more` matches. */
export function systemEnvironment(env: Environment, more?: RegExp): NodeJS.ProcessEnv {
  return allowed(env, (name) => SYSTEM.has(name) || SYSTEM_FAMILIES.test(name) || more?.test(name) === true);
}

/** For a broker, which outlives the session that starts it and serves everybody. */
export function brokerEnvironment(env: Environment): NodeJS.ProcessEnv {
  return {
    ...systemEnvironment(env),
    ...allowed(env, (name) => CERTIFICATES.has(name) || (SETTINGS.test(name) && !OF_A_SESSION.test(name))),
  };
}

function allowed(env: Environment, may: (name: string) => boolean): NodeJS.ProcessEnv {
  const windows = process.platform === "win32";
  return Object.fromEntries(Object.entries(env).filter(([name]) => may(windows ? name.toUpperCase() : name)));
}
