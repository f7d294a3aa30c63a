/** Names of variables that hold secrets. */
const SECRET = /TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE|APIKEY|_KEYS?$|_PASS$|_PWD$|^KEY$/i;
/** An address with a password in it. */
const WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]+@/i;
/** The lab's own settings, and the channel between console and runner, which a program must not take for its own. */
const INTERNAL = /^(LAB_TUI_|NODE_CHANNEL_|BUN_INTERNAL|BUN_JSC_|JSC_)/;

/** The environment of a program: this process's, without secrets and without what is the lab's own. */
export function environmentFor(env: Readonly<Record<string, string | undefined>> = process.env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || SECRET.test(name) || INTERNAL.test(name) || WITH_PASSWORD.test(value)) continue;
    kept[name] = value;
  }
  return kept;
}
