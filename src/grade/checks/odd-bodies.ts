import { renderRequest } from '../../labs/call.ts';
import type { Template } from '../../labs/dialect.ts';
import type { Check } from '../check.ts';
import type { Exchange } from '../exchange.ts';
import { type Figures, failed, pass } from '../finding.ts';
import { inLanes, type Subject, shows } from '../subject.ts';

interface OddBody {
  readonly name: string;
  /** What goes out instead of the body that the dialect says. */
  readonly body: (proper: string) => string;
  readonly contentType?: string;
  /** It is no write at all, so success would be a lie. */
  readonly mustFail: boolean;
}

const ODD_BODIES: readonly OddBody[] = [
  { name: 'JSON that breaks off', body: (proper) => proper.slice(0, -2), mustFail: true },
  { name: 'text that is no JSON', body: () => 'value=1', mustFail: true },
  { name: 'nothing', body: () => '', mustFail: true },
  { name: 'an empty object', body: () => '{}', mustFail: true },
  { name: 'a list', body: () => '[]', mustFail: true },
  { name: 'null', body: () => 'null', mustFail: true },
  { name: 'a number', body: () => '7', mustFail: true },
  { name: 'another member', body: () => '{"vlaue":"x"}', mustFail: true },
  { name: 'bytes that are no text', body: (proper) => `${proper.slice(0, -2)}\\ud800"}`, mustFail: false },
  { name: 'a content type of text', body: (proper) => proper, contentType: 'text/plain', mustFail: false },
  { name: 'a content type of forms', body: (proper) => proper, contentType: 'application/x-www-form-urlencoded', mustFail: false },
];
const AT_ONCE = 4;
const LARGE_CHARACTERS = 64 * 1024;
/** Values that are easily mangled on the way. */
const ODD_VALUES: readonly (readonly [name: string, value: string])[] = [
  ['an empty value', ''],
  ['a value of 64 KiB', 'v'.repeat(LARGE_CHARACTERS)],
  ['a value with quotes, line feeds and a backslash', '"\'\n\r\t\\'],
  ['a value of Cyrillic letters and an emoji', 'значение 🙂'],
  ['a value that looks like JSON', '{"a":[1,null]}'],
  ['a value that looks like a number', '0012.50'],
];

export const ODD_BODIES_CHECK: Check = {
  id: 'odd-bodies',
  title: 'Broken requests are refused, odd values come back as they went in',
  about:
    'Clients have bugs too. A request that makes no sense is answered with 400 or the like; it neither crashes the server nor counts as a write.',
  needs: ['writes', 'body'],
  run: async ({ subject }) => {
    const { api, leader, followers, pace } = subject;
    await subject.useQuorum(Math.max(1, followers.length));
    const answers: { odd: OddBody; exchange: Exchange }[] = [];
    // One by one, and none after a server has died: so it is plain which body it was.
    for (const odd of ODD_BODIES) {
      const exchange = await sendOdd(subject, odd);
      answers.push({ odd, exchange });
      if (exchange.status === null) break;
    }
    const figures: Figures[] = answers.map(({ odd, exchange }) => ({ body: odd.name, status: exchange.status }));
    const crashed = answers.filter(({ exchange }) => exchange.status === null || exchange.status >= 500);
    if (crashed.length > 0) {
      return failed(
        `The server fails (a status of 500 or more, or no answer) over a body of ${crashed.map(({ odd }) => odd.name).join(', ')}.`,
        {
          requests: crashed.map(({ exchange }) => exchange),
          figures,
        },
      );
    }
    const took = answers.filter(
      ({ odd, exchange }) => odd.mustFail && exchange.status !== null && exchange.status >= 200 && exchange.status <= 299,
    );
    if (took.length > 0) {
      return failed(`A write without a value is answered with success: a body of ${took.map(({ odd }) => odd.name).join(', ')}.`, {
        requests: took.map(({ exchange }) => exchange),
        figures,
      });
    }
    const values = await inLanes(ODD_VALUES, AT_ONCE, async ([name, value]) => {
      const key = subject.key('value');
      const reply = await api.write(leader, key, value);
      return { name, key, value, reply, reading: await api.read(leader, key) };
    });
    const wrong = values.filter(({ reply, reading, value }) =>
      reply.outcome === 'success' ? !shows(reading, value) : (reply.exchange.status ?? 500) >= 500,
    );
    if (wrong.length > 0) {
      return failed(`${wrong.map(({ name }) => name).join(', ')}: what the leader shows is not what was written.`, {
        requests: wrong.flatMap(({ reply, reading }) => [reply.exchange, reading.exchange]),
        figures,
      });
    }
    const taken = values.filter(({ reply }) => reply.outcome === 'success');
    const late = await subject.mismatches(new Map(taken.map(({ key, value }) => [key, value])), followers, pace.settleMs);
    if (late.length > 0) {
      const names = new Set(late.map(({ key }) => values.find((item) => item.key === key)?.name));
      return failed(`${[...names].join(', ')}: what a follower shows is not what was written.`, {
        requests: late.map(({ reading }) => reading.exchange),
        figures,
      });
    }
    const refused = values.filter(({ reply }) => reply.outcome !== 'success').map(({ name }) => name);
    const note = refused.length === 0 ? '' : ` (refused, which is allowed: ${refused.join(', ')})`;
    return pass(
      `${answers.length} odd bodies were answered without a crash and without a false success, and odd values came back as they went in${note}.`,
      { figures },
    );
  },
};

function sendOdd(subject: Subject, odd: OddBody): Promise<Exchange> {
  const { write } = subject.api.dialect;
  const values = { key: subject.key('body'), value: subject.value() };
  const { method, target, body } = renderRequest(write, values);
  return subject.api.raw(subject.leader, {
    method,
    target,
    body: odd.body(body ?? '{}'),
    contentType: odd.contentType ?? 'application/json',
  });
}

/** The value travels in the body: only then is a body without one no write. */
export function hasBody(template: Template | undefined): boolean {
  return template !== undefined && JSON.stringify(template).includes('{value}');
}
