import type { Markup } from "./markup.ts";
import { html } from "./markup.ts";
import { STYLE } from "./style.ts";

/** Nothing may be loaded, run or sent; the only style is that of the file itself. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** An HTML file that needs nothing beside it. */
export function page(title: string, body: Markup): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html`${title}`.text}</title>
<style>
${STYLE}</style>
</head>
<body>
${html`<main>\n${body}</main>`.text}
</body>
</html>
`;
}
