import { useApp } from "ink";
import { useEffect, useRef } from "react";
import type { Terminal } from "./terminal.ts";

/**
 * Releases the terminal while the job is suspended, and takes it again when it continues: at Ctrl-Z, which the caller reports by the
 * returned function, at SIGTSTP, and after a SIGSTOP, which is noticed only afterwards.
 */
export function useSuspension(terminal: Terminal): () => void {
  const { suspendTerminal } = useApp();
  const doing = useRef<"nothing" | "standing" | "taking anew">("nothing");
  const stopNext = useRef(false);
  const leave = useRef((_standing: boolean): void => {});
  leave.current = (standing) => {
    if (suspendTerminal === undefined) return;
    if (doing.current !== "nothing") {
      // A second stop while the first is handled is the same request; one that comes while the terminal is taken again is another.
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
