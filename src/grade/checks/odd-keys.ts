import type { Reading, Reply } from '../api.ts';
import type { Check } from '../check.ts';
import type { Exchange } from '../exchange.ts';
import { type Figures, failed, pass, unknown } from '../finding.ts';
import { inLanes, shows } from '../subject.ts';

interface OddKey {
  /** What is odd about it, for people. */
  readonly name: string;
  readonly key: (fresh: string) => string;
  /** Such a key is in everybody's object and in nobody's store: a read before any write tells. */
  readonly isInherited?: boolean;
}

/** Each with fresh text in it, so that earlier runs do not matter; the few that cannot have any are read first. */
const ODD_KEYS: readonly OddKey[] = [
  { name: '__proto__', key: () => '__proto__', isInherited: true },
  { name: 'constructor', key: () => 'constructor', isInherited: true },
  { name: 'toString', key: () => 'toString', isInherited: true },
  { name: 'a space', key: (fresh) => `${fresh} x` },
  { name: 'a plus sign', key: (fresh) => `${fresh}+x` },
  { name: 'a slash', key: (fresh) => `${fresh}/x` },
  { name: 'an encoded slash', key: (fresh) => `${fresh}%2Fx` },
  { name: 'a question mark', key: (fresh) => `${fresh}?x=1` },
  { name: 'a hash', key: (fresh) => `${fresh}#x` },
  { name: 'an ampersand', key: (fresh) => `${fresh}&key=x` },
  { name: 'a per cent sign', key: (fresh) => `${fresh}%` },
  { name: 'quotes and a backslash', key: (fresh) => `${fresh}"'\\` },
  { name: 'upper case', key: (fresh) => `${fresh}-X` },
  { name: 'lower case', key: (fresh) => `${fresh}-x` },
  { name: 'Cyrillic letters', key: (fresh) => `${fresh}-ключ` },
  { name: 'an emoji', key: (fresh) => `${fresh}-🙂` },
  { name: 'an accent in one character', key: (fresh) => `${fresh}-\u00e9` },
  { name: 'an accent in two characters', key: (fresh) => `${fresh}-e\u0301` },
  { name: 'a line feed', key: (fresh) => `${fresh}\nx` },
  { name: 'dots', key: (fresh) => `${fresh}/../x` },
  { name: '500 characters', key: (fresh) => fresh.padEnd(500, 'k') },
  { name: 'nothing', key: () => '' },
];
const AT_ONCE = 6;

export const ODD_KEYS_CHECK: Check = {
  id: 'odd-keys',
  title: 'Odd keys come back as they went in, or are refused',
  about:
    'A key is text, not a path, a member of an object or a piece of a query. A store may refuse a key; it must not crash over it or take one for another.',
  needs: ['writes'],
  run: async ({ subject }) => {
    await subject.useQuorum(Math.max(1, subject.followers.length));
    const fresh = subject.key('odd');
    const before = await inLanes(ODD_KEYS, AT_ONCE, async (odd) => ({
      odd,
      reading: await subject.api.read(subject.leader, odd.key(fresh)),
    }));
    // All are written before any is read: one that is taken for another shows then.
    const tried = await inLanes(before, AT_ONCE, async ({ odd, reading }) => {
      const [key, value] = [odd.key(fresh), subject.value()];
      return { odd, key, value, before: reading, reply: await subject.api.write(subject.leader, key, value) };
    });
    const after = await inLanes(tried, AT_ONCE, async (item) => ({ ...item, after: await subject.api.read(subject.leader, item.key) }));
    const results = after.map((item) => ({ ...item, outcome: outcomeOf(item) }));
    const taken = results.filter(({ outcome }) => outcome === 'taken');
    const late = await subject.mismatches(new Map(taken.map(({ key, value }) => [key, value])), subject.followers, subject.pace.settleMs);
    const figures: Figures[] = results.map(({ odd, reply, outcome }) => ({ key: odd.name, write_status: reply.exchange.status, outcome }));
    const wrong = results.filter(({ outcome }) => outcome !== 'taken' && outcome !== 'refused');
    if (wrong.length > 0) {
      return failed(`${sentence(wrong)}.`, { requests: wrong.slice(0, 4).flatMap(exchangesOf), figures });
    }
    if (late.length > 0) {
      const names = new Set(late.map(({ key }) => results.find((item) => item.key === key)?.odd.name));
      return failed(`The leader shows keys with ${[...names].join(', ')}, and a follower does not.`, {
        requests: late.map(({ reading }) => reading.exchange),
        figures,
      });
    }
    const refused = results.filter(({ outcome }) => outcome === 'refused').map(({ odd }) => odd.name);
    if (taken.length < ODD_KEYS.length / 2)
      return unknown(`Most odd keys are refused (${refused.join(', ')}), so hardly anything was tested.`, { figures });
    return pass(
      `${taken.length} odd keys came back from every node as they went in${refused.length === 0 ? '' : `; refused, which is allowed: a key with ${refused.join(', ')}`}.`,
      { figures },
    );
  },
};

interface Tried {
  readonly odd: OddKey;
  readonly value: string;
  readonly before: Reading;
  readonly reply: Reply;
  readonly after: Reading;
}

type Outcome = 'taken' | 'refused' | 'crash' | 'was there before' | 'lost' | 'another value';

function outcomeOf({ odd, value, before, reply, after }: Tried): Outcome {
  if ([before.exchange, reply.exchange, after.exchange].some(isCrash)) return 'crash';
  // A value of an earlier run is a string of ours; what everybody inherits is none.
  if (odd.isInherited && before.outcome === 'value' && !/^value-/.test(String(before.value))) return 'was there before';
  if (reply.outcome !== 'success') return 'refused';
  if (shows(after, value)) return 'taken';
  return after.outcome === 'value' ? 'another value' : 'lost';
}

function isCrash({ status }: Exchange): boolean {
  return status === null || (status >= 500 && status !== 501 && status !== 503);
}

const WORDS: Readonly<Record<Outcome, string>> = {
  taken: 'is taken',
  refused: 'is refused',
  crash: 'makes the server fail (a status of 500 or more, or no answer)',
  'was there before': 'has a value that nobody wrote',
  lost: 'is taken with success and then not found',
  'another value': 'is taken for another key: it shows a value that was written under another one',
};

function sentence(wrong: readonly { readonly odd: OddKey; readonly outcome: Outcome }[]): string {
  return [...Map.groupBy(wrong, ({ outcome }) => outcome)]
    .map(([outcome, items]) => `A key with ${items.map(({ odd }) => odd.name).join(', ')} ${WORDS[outcome]}`)
    .join('. ');
}

function exchangesOf({ before, reply, after, outcome }: Tried & { readonly outcome: Outcome }): Exchange[] {
  return outcome === 'was there before'
    ? [before.exchange]
    : [reply.exchange, after.exchange].filter((exchange) => outcome !== 'crash' || isCrash(exchange));
}
