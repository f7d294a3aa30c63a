import { useApp } from "ink";
import { useEffect, useRef } from "react";
import type { Terminal } from "./terminal.ts";

/**
 * What is drawn gives the terminal back while the job stands still, and takes it anew when it goes on: at Ctrl-Z, of which the caller tells
 * by what this gives, at SIGTSTP, which says the same from outside, and after a SIGSTOP, of which nobody tells before it is over.
 */
export function useSuspension(terminal: Terminal): () => void {
  const { suspendTerminal } = useApp();
  const doing = useRef<"nothing" | "standing" | "taking anew">("nothing");
  const stopNext = useRef(false);
  const leave = useRef((_standing: boolean): void => {});
  leave.current = (standing) => {
    if (suspendTerminal === undefined) return;
    if (doing.current !== "nothing") {
      // A second stop while the first is obeyed is the same wish; one that comes while the terminal is taken anew is another.
      if (standing && doing.current === "taking anew") stopNext.current = true;
      return;
    }
    doing.current = standing ? "standing" : "taking anew";
    suspendTerminal(() => terminal.lend(standing))
      .catch(() => {})
      .finally(() => {
        doing.current = "nothing";
        if (stopNext.current) leave.current(true);
        stopNext.current = false;
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
