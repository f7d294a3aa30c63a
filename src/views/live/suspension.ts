import { useApp } from "ink";
import { useEffect, useRef } from "react";
import type { Terminal } from "./terminal.ts";

/**
 * What is drawn gives the terminal back while the job stands still, and takes it anew when it goes on: at Ctrl-Z, of which the caller tells
 * by what this gives, at SIGTSTP, which says the same from outside, and after a SIGSTOP, of which nobody tells before it is over.
 */
export function useSuspension(terminal: Terminal): () => void {
  const { suspendTerminal } = useApp();
  const away = useRef(false);
  const leave = useRef((_standing: boolean): void => {});
  leave.current = (standing) => {
    // A second signal while the first is obeyed is the same wish.
    if (away.current || suspendTerminal === undefined) return;
    away.current = true;
    suspendTerminal(() => terminal.lend(standing))
      .catch(() => {})
      .finally(() => {
        away.current = false;
      });
  };
  useEffect(() => {
    const stop = () => leave.current(true);
    const goOn = () => leave.current(false);
    process.on("SIGTSTP", stop);
    process.on("SIGCONT", goOn);
    return () => {
      process.off("SIGTSTP", stop);
      process.off("SIGCONT", goOn);
    };
  }, []);
  return () => leave.current(true);
}
