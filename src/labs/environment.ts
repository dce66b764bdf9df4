/**
 * A lab's environment, said in kvctl's own variables (SPEC 8), units included.
 *
 * A pure translation, applied before the node parses its environment (node/config.ts), which stays the one place where values are judged: only
 * what the translation must read itself is checked here, that is a role, the form of a list, and a delay whose unit is not ours.
 */
import type { LabDelay, LabEnvironment } from './lab-environment.ts';
import { contradictions, type Environment, isGiven, recognise } from './recognise.ts';

export interface Translation {
  /** `native`, or the name of a dialect. */
  readonly dialect: string;
  /** The variables that told so, for people. */
  readonly recognisedBy: string;
  /** In kvctl's own variables. */
  readonly environment: Environment;
  /** The lab's name of a variable of ours that was given under it. */
  readonly givenAs: ReadonlyMap<string, string>;
  /** A line each: the variable, what was expected, what was got. */
  readonly mistakes: readonly string[];
  /** False if it is not even clear whose environment this is; then the mistakes are all there is to say. */
  readonly isClear: boolean;
}

const MAX_DELAY_S = 3600;

/** How a delay is written in each unit; what it is in ms, as text and to the last digit, or null. */
const UNITS: Readonly<Record<LabDelay['unit'], { readonly expected: string; readonly toMs: (text: string) => string | null }>> = {
  'whole ms': { expected: 'an integer of milliseconds', toMs: (text) => (/^\d{1,16}$/.test(text) ? text : null) },
  ms: { expected: 'milliseconds', toMs: (text) => text },
  s: {
    expected: `a number of seconds from 0 to ${MAX_DELAY_S}`,
    // Moving the point is exact, where multiplying 1.001 by 1000 is not.
    toMs: (text) => (/^\d+(\.\d+)?$/.test(text) && Number(text) <= MAX_DELAY_S ? String(Number(`${text}e3`)) : null),
  },
};

type Wrong = (name: string, expected: string) => void;

export function translateEnvironment(given: Environment): Translation {
  const recognised = recognise(given);
  const { dialect, lab, by } = recognised;
  const mistakes = contradictions(given, recognised);
  const isClear = mistakes.length === 0;
  const untouched = { dialect, recognisedBy: by, environment: given, givenAs: new Map<string, string>(), mistakes, isClear };
  return isClear && lab !== null ? { ...untouched, ...translate(lab, given) } : untouched;
}

function translate(lab: LabEnvironment, given: Environment): Pick<Translation, 'environment' | 'givenAs' | 'mistakes'> {
  const mistakes: string[] = [];
  const wrong = (name: string, expected: string) =>
    mistakes.push(`${name}: expected ${expected} (${lab.name}), got ${isGiven(given, name) ? JSON.stringify(given[name]) : 'nothing'}`);
  const { delay } = lab;
  const role = roleOf(lab, given, wrong);
  // The labs' followers know nobody: where all services share one environment, what is the leader's is none of theirs.
  const followers = role === 'follower' ? [] : followersOf(lab, given, wrong);
  const defaults = {
    WRITE_QUORUM: `${role === 'follower' ? lab.quorum : Math.min(lab.quorum, followers.length)}`,
    PORT: `${lab.port}`,
    // In a container the loopback interface would be the container's own.
    HOST: '0.0.0.0',
    STORE: lab.store,
  };
  const missing = Object.entries(defaults).filter(([name]) => !isGiven(given, name));
  const environment = {
    ...given,
    ...Object.fromEntries(missing),
    ROLE: role,
    FOLLOWER_URLS: followers.join(','),
    MIN_DELAY_MS: delay === null ? '0' : delayOf(delay.unit, delay.min, delay.otherwise[0], given, wrong),
    MAX_DELAY_MS: delay === null ? '0' : delayOf(delay.unit, delay.max, delay.otherwise[1], given, wrong),
  };
  const names: readonly (readonly [ours: string, theirs: string | null | undefined])[] = [
    ['ROLE', lab.role],
    ['FOLLOWER_URLS', Object.keys(lab.followers).find((name) => isGiven(given, name))],
    ['MIN_DELAY_MS', delay?.min],
    ['MAX_DELAY_MS', delay?.max],
  ];
  const givenAs = new Map(names.flatMap(([ours, theirs]) => (theirs && theirs !== ours ? [[ours, theirs]] : [])));
  return { environment, givenAs, mistakes };
}

function roleOf(lab: LabEnvironment, given: Environment, wrong: Wrong): string | undefined {
  if (lab.role === null) return isGiven(given, 'FOLLOWER_URLS') ? 'leader' : 'follower';
  const text = given[lab.role]?.toLowerCase();
  switch (lab.role) {
    case 'ROLE':
      return given['ROLE'];
    case 'NODE_TYPE':
      if (text === 'leader' || text === 'follower') return text;
      wrong('NODE_TYPE', 'leader or follower');
      return 'follower';
    default:
      if (text === 'true' || text === 'false') return text === 'true' ? 'leader' : 'follower';
      wrong('IS_LEADER', 'true or false');
      return 'follower';
  }
}

/** URLs, as far as this can tell. */
function followersOf(lab: LabEnvironment, given: Environment, wrong: Wrong): readonly string[] {
  const [name, second] = Object.keys(lab.followers).filter((each) => isGiven(given, each));
  if (name === undefined) return lab.fixedFollowers;
  if (second !== undefined) wrong(second, `the followers once, and ${name} tells them`);
  const text = given[name] ?? '';
  if (lab.followers[name] === 'json') {
    const urls = jsonList(text);
    if (urls === null) wrong(name, 'a JSON list of URLs like ["http://follower1:8001", "http://follower2:8002"]');
    return urls ?? [];
  }
  const parts = text.split(',').map((part) => part.trim());
  if (lab.followers[name] === 'urls') return parts;
  const isHosts = parts.every((part) => /^([^\s:/?#@[\]]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(part));
  if (!isHosts) wrong(name, 'host:port,host:port,… like follower1:5000,follower2:5000');
  return isHosts ? parts.map((part) => `http://${part}`) : [];
}

function jsonList(text: string): readonly string[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((each) => typeof each === 'string') ? list : null;
  } catch {
    return null;
  }
}

function delayOf(unit: LabDelay['unit'], name: string, otherwise: string, given: Environment, wrong: Wrong): string {
  const { expected, toMs } = UNITS[unit];
  const ms = toMs(given[name] || otherwise);
  if (ms === null) wrong(name, expected);
  // Not given, so that one mistake does not make a second.
  return ms ?? '';
}
