/** A graded run as data: what is printed as JSON, and what the page and JUnit's file are made of. */
import { type RequestRow, requestRow } from './exchange.ts';
import type { Figures, Verdict } from './finding.ts';
import type { CheckResult } from './grade.ts';
import type { Target } from './target.ts';

/** The JSON document, members in snake_case. */
export interface GradeReport {
  readonly dialect: string;
  readonly leader: string;
  readonly followers: readonly string[];
  readonly quorum: number | null;
  readonly delay: string | null;
  readonly seed: number;
  /** ISO 8601. */
  readonly started_at: string;
  readonly seconds: number;
  /** What the figures depend on besides the servers: kvctl, Node, system, processors, memory. */
  readonly environment: Readonly<Record<string, string>>;
  readonly passed: number;
  readonly failed: number;
  readonly unknown: number;
  readonly checks: readonly CheckRow[];
}

export interface CheckRow {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly verdict: Verdict;
  readonly why: string;
  readonly seconds: number;
  readonly evidence: { readonly requests: readonly RequestRow[]; readonly figures: readonly Figures[] };
}

export interface RunFacts {
  readonly target: Target;
  /** As text, because that is how it was told. */
  readonly delay: string | null;
  readonly seed: number;
  readonly startedAt: string;
  readonly originMs: number;
  readonly tookMs: number;
  readonly environment: Readonly<Record<string, string>>;
}

export function reportOf(results: readonly CheckResult[], facts: RunFacts): GradeReport {
  const { target, delay, seed, startedAt, originMs, tookMs, environment } = facts;
  const count = (wanted: Verdict) => results.filter(({ verdict }) => verdict === wanted).length;
  return {
    dialect: target.dialect.name,
    leader: target.leader.url,
    followers: target.followers.map(({ url }) => url),
    quorum: target.quorum,
    delay,
    seed,
    started_at: startedAt,
    seconds: inSeconds(tookMs),
    environment,
    passed: count('pass'),
    failed: count('fail'),
    unknown: count('unknown'),
    checks: results.map((result) => ({
      id: result.id,
      title: result.title,
      about: result.about,
      verdict: result.verdict,
      why: result.why,
      seconds: inSeconds(result.tookMs),
      evidence: { requests: result.requests.map((exchange) => requestRow(exchange, originMs)), figures: result.figures },
    })),
  };
}

/** `17 passed, 1 failed, 2 unknown`. */
export function countsText({ passed, failed, unknown }: Pick<GradeReport, 'passed' | 'failed' | 'unknown'>): string {
  return `${passed} passed, ${failed} failed, ${unknown} unknown`;
}

function inSeconds(ms: number): number {
  return Math.round(ms) / 1000;
}
