import { typicalRun } from "../../analysis/repeats.ts";
import { printable } from "../../kernel/text.ts";
import { counted, sentenceCase } from "../../kernel/wording.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import type { CaseResult, HypothesisResult, RunResult, ThresholdResult } from "../../telemetry/result.ts";
import { wasJudged } from "../../telemetry/verdicts.ts";
import { caseName } from "../report/closing.ts";
import { hostsLine, streamsLine } from "../report/hosts.ts";
import { oneLine, verdictGrounds } from "../report/intent.ts";
import { repeatSentences } from "../report/repeats.ts";
import { type Noun, nounOf, spokenCount, spokenMs, spokenNumber, spokenText } from "./speech.ts";

/** The summary of a run in sentences, a line each. */
export function plainReport(whole: RunResult): string {
  const result = typicalRun(whole);
  const { scenario, cases, conclusions, thresholds, hypotheses = [], unfinished } = result;
  const noun = nounOf(scenario.workload);
  const lines = [
    `Summary of ${spokenText(scenario.title, 200)}`,
    ...(unfinished === undefined ? [] : [`Not finished: ${cases.length} of ${counted(unfinished.planned, "case")}.`]),
    ...repeatSentences(whole).map((sentence) => spokenText(sentence)),
    ...cases.flatMap((one) => caseSentences(one, noun)),
    ...hypotheses.map(hypothesisSentence),
    ...conclusions.map((sentence) => spokenText(sentence)),
    ...thresholds.map((threshold) => thresholdSentence(result, threshold)),
  ];
  return `\n${lines.join("\n")}\n`;
}

function caseSentences(one: CaseResult, noun: Noun): string[] {
  const { status, explanation, problems, warnings } = one;
  const figures = status === "failed" ? "it failed" : figuresText(one, noun);
  return [
    `Mode ${caseName(one)}: ${figures}.`,
    spokenText(explanation),
    ...[hostsLine(one), streamsLine(one)].flatMap((line) => (line === null ? [] : [spokenText(sentenceCase(line))])),
    ...problems.filter((problem) => problem !== explanation).map((problem) => spokenText(problem)),
    ...warnings.map((warning) => `Note: ${spokenText(warning)}`),
  ];
}

function figuresText(one: CaseResult, noun: Noun): string {
  const { throughput, predicted, latency, ledger } = one;
  const dropped = droppedTotal(ledger);
  const { p50, p99 } = latency.sojourn;
  const foreseen = predicted.throughput === null ? "" : `, where ${spokenNumber(predicted.throughput)} were predicted`;
  return [
    `${spokenCount(throughput, noun)} a second were done${foreseen}`,
    p50 === null || throughput === 0 ? "" : `half of them took at most ${spokenMs(p50)}`,
    p99 === null || throughput === 0 ? "" : `99 of 100 at most ${spokenMs(p99)}`,
    dropped === 0 ? "none was dropped" : `${spokenNumber(dropped)} of ${spokenNumber(ledger.scheduled)} were dropped`,
  ]
    .filter((part) => part !== "")
    .join("; ");
}

function hypothesisSentence(one: HypothesisResult): string {
  const head = one.ok === null ? "It cannot be told whether this holds" : one.ok ? "This held" : "This did not hold";
  const claim = one.sentence === one.that ? printable(one.that, 500) : oneLine(one.sentence);
  return [spokenText(`${head}: ${claim}`), ...[verdictGrounds(one)].filter(Boolean).map((grounds) => spokenText(grounds))].join(" ");
}

function thresholdSentence(result: RunResult, threshold: ThresholdResult): string {
  const { case: index, metric, expression, value, ok } = threshold;
  const one = result.cases[index];
  const where = one === undefined ? "" : ` for mode ${caseName(one)}`;
  const name = `The threshold ${printable(expression, 80)} on ${metric}`;
  if (!wasJudged(result, threshold)) return `${name} was judged on nothing${where}: nothing was measured.`;
  return `${name} ${ok ? "held" : "failed"}${where}: ${Number(value.toPrecision(4))} was measured.`;
}
