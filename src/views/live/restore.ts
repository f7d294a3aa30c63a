/** Main screen, cursor shown, cooked mode: harmless when all is so already. */
export function restoreTerminal(): void {
  if (process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
  if (process.stdout.isTTY) process.stdout.write("\x1b[?1049l\x1b[?25h");
}
