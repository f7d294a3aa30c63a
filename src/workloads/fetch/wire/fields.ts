/** `${NAME}`: what the environment says. */
const NAMED = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export type Env = Readonly<Record<string, string | undefined>>;

/** Names in the values of header fields that the environment does not have. */
export function unnamed(headers: Readonly<Record<string, string>>, env: Env): string[] {
  const names = Object.values(headers).flatMap((value) => [...value.matchAll(NAMED)].map(([, name = ""]) => name));
  return [...new Set(names)].filter((name) => env[name] === undefined);
}

/** A text with what the environment says in its place. */
export function filled(text: string, env: Env): string {
  return text.replaceAll(NAMED, (_, name: string) => env[name] ?? "");
}

/** Header fields as they are sent. What the environment says ends no line. */
export function fieldLines(headers: Readonly<Record<string, string>>, env: Env): readonly string[] {
  return Object.entries(headers).map(([name, value]) => {
    return `${name}: ${filled(value, env).replaceAll(/[^\x20-\x7e\t]/g, "")}`;
  });
}

/** Of the body that it is sent with, and of nothing else (RFC 9110, 8). */
export function speaksOfContent(line: string): boolean {
  return /^content-(type|encoding|language|location):/i.test(line);
}

/** Tells a server who asks: not for others to hear. */
export function isSecret(line: string): boolean {
  return /^(authorization|cookie|proxy-authorization):/i.test(line);
}
