import type { Markup } from "./markup.ts";
import { html } from "./markup.ts";
import type { Scripts } from "./scripts.ts";
import { STYLE } from "./style.ts";

/** Nothing may be loaded or sent, and no script run but those of the file itself; the only style is its own. */
function policy(sources: readonly string[]): string {
  const scripts = sources.length === 0 ? "" : `; script-src ${sources.join(" ")}`;
  return `default-src 'none'; style-src 'unsafe-inline'${scripts}; base-uri 'none'; form-action 'none'`;
}

/** An HTML file that needs nothing beside it. */
export function page(title: string, body: Markup, scripts: Scripts | null = null): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(scripts?.sources ?? [])}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html`${title}`.text}</title>
<style>
${scripts === null ? "" : `${scripts.style}\n`}${STYLE}</style>
</head>
<body>
${html`<main>\n${body}</main>`.text}
${scripts?.markup.text ?? ""}</body>
</html>
`;
}
