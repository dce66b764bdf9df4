import { describe, expect, test } from 'vitest';
import type { BenchResult, QuorumResult } from '../../src/measure/result.ts';
import { explain } from '../../src/report/explanation.ts';
import { type Lab, makeBench } from './bench-fixture.ts';

type Said = Record<string, string>;

const sayAbout = (result: BenchResult): Said => Object.fromEntries(explain(result).map(({ id, text }) => [id, text]));
const say = (lab: Lab = {}): Said => sayAbout(makeBench(lab).result);

test('every sentence is plain text that begins with a capital letter and ends with a full stop', () => {
  const labs: Lab[] = [
    {},
    { quorums: [3] },
    { failShare: () => 1 },
    { delay: '50' },
    { waitsFor: () => 5 },
    { loss: 0.1 },
    { rate: 50 },
    { followers: 0, quorums: [0] },
  ];
  for (const lab of labs) {
    for (const { id, text } of explain(makeBench(lab).result)) {
      expect(text, id).toMatch(/^\P{Ll}.*\.$/u);
      expect(text, id).not.toMatch(/NaN|undefined|null|Infinity| {2}/);
    }
  }
});

test('ids are unique, and the first sentence is the conclusion', () => {
  const sentences = explain(makeBench().result);
  expect(sentences[0].id).toBe('conclusion');
  expect(new Set(sentences.map(({ id }) => id)).size).toBe(sentences.length);
});

describe('the course lab, whose curve rises as the model says', () => {
  const said = say();

  test('the conclusion names both ends, the price of a follower and the distance to the model', () => {
    expect(said['conclusion']).toMatch(
      /^The mean write latency rises from quorum 1 \(\d+ ms\) to quorum 5 \(\d+ ms\) of 5 followers, 1[67]\d ms per further follower waited for, everywhere within [\d.]+ ms of what the delays alone predict\.$/,
    );
  });

  test('it says why: the k-th fastest of N, from the fastest to the slowest', () => {
    expect(said['why-it-rises']).toContain('the k-th smallest of its 5 delays');
    expect(said['why-it-rises']).toContain('quorum 1 waits for the fastest follower of each write and quorum 5 for the slowest');
    expect(said['model']).toContain('a + (b − a)·k/(N + 1) on average: 167, 333, 500, 667 and 833 ms at quorums 1 to 5');
  });

  test('it tells overhead and luck apart', () => {
    expect(said['overhead']).toMatch(/latency was 1\.70 to 1\.94 ms on average over its floor .* 4\.70 ms over it in 99 of 100 writes/);
    expect(said['luck']).toMatch(/At quorum 2 most of the distance to the model is the luck of the draw/);
  });

  test('it says what the parity checks saw at the last ack and after settling', () => {
    expect(said['lag-at-last-ack']).toContain('5 of 5 at quorum 1');
    expect(said['lag-at-last-ack']).not.toContain('at quorum 5');
    expect(said['settled']).toContain('at most 1.02 s later, all 5 followers held exactly the leader’s keys, values and versions');
  });

  test('it counts the other quorums from the run in the middle, approximately in a closed loop', () => {
    expect(said['counterfactual-approximate']).toContain('the run at quorum 3 alone');
    expect(said['counterfactual-approximate']).toMatch(/at quorums 1, 2, 4 and 5\. The runs at those quorums measured the same to within/);
  });

  test('it names the equivalents, counting the primary where they do', () => {
    expect(said['equivalents']).toContain('PostgreSQL ANY 3');
    expect(said['equivalents']).toContain('rpl_semi_sync_source_wait_for_replica_count=3');
    expect(said['equivalents']).toContain('Redis WAIT 3');
    expect(said['equivalents']).toContain('MongoDB w: 4');
    expect(said['equivalents']).toContain('min.insync.replicas=4');
  });

  test('it complains about nothing', () => {
    for (const id of [
      'flat-suspicious',
      'flat-expected',
      'falling',
      'undecided',
      'failures',
      'delays-below-cost',
      'generator-busy',
      'leader-busy',
      'inconclusive',
      'overlaps',
      'thin',
      'one-quorum',
      'loss',
      'below-floor',
      'mismatch',
      'unsettled',
      'unreachable',
      'zero-quorum',
      'open-loop',
      'reads',
    ]) {
      expect(said, id).not.toHaveProperty(id);
    }
  });
});

describe('a curve that does not rise', () => {
  test('an implementation that waits for all followers is suspected of exactly that, and no other cause is blamed', () => {
    const said = say({ waitsFor: () => 5 });
    expect(said['conclusion']).toContain('does not rise from quorum 1 (839 ms) to quorum 5 (839 ms)');
    expect(said['conclusion']).toContain('although the delays alone would add 667 ms');
    expect(said['flat-suspicious']).toContain('answers only after all 5 followers have');
    expect(said).not.toHaveProperty('delays-below-cost');
    expect(said).not.toHaveProperty('why-it-rises');
    expect(said['overhead']).not.toContain('cost of the software');
  });

  test('a rise of a tenth of the model is still flat, however many writes make it significant', () => {
    const rows = { 1: 800, 2: 810, 3: 820, 4: 830, 5: 840 } as Record<number, number>;
    const said = say({ override: ({ quorum }) => ({ avg_latency_ms: rows[quorum]!, ci95_ms: [rows[quorum]! - 1, rows[quorum]! + 1] }) });
    expect(said).toHaveProperty('flat-suspicious');
  });

  test('equal delays explain a flat curve, which is then not suspicious', () => {
    const said = say({ delay: '50' });
    expect(said['conclusion']).toContain('The write quorum makes no difference');
    expect(said).toHaveProperty('flat-expected');
    expect(said).not.toHaveProperty('flat-suspicious');
  });

  test('a curve that falls beyond the noise cannot come from waiting', () => {
    const means = [260, 255, 250, 240, 230];
    const said = say({
      override: ({ quorum }) => ({ avg_latency_ms: means[quorum - 1]!, ci95_ms: [means[quorum - 1]! - 5, means[quorum - 1]! + 5] }),
    });
    expect(said['conclusion']).toContain('falls from quorum 1 (260 ms) to quorum 5 (230 ms)');
    expect(said['falling']).toContain('measures something else');
    expect(said).not.toHaveProperty('flat-suspicious');
  });

  test('a fall within the noise is not called a fall', () => {
    const means = [260, 255, 250, 245, 240];
    const said = say({
      delay: '50',
      override: ({ quorum }) => ({ avg_latency_ms: means[quorum - 1]!, ci95_ms: [means[quorum - 1]! - 40, means[quorum - 1]! + 40] }),
    });
    expect(said).not.toHaveProperty('falling');
    expect(said['overlaps']).toContain('1 and 2, 2 and 3, 3 and 4 and 4 and 5 overlap');
  });

  test('too few writes leave it open whether the curve rises', () => {
    const said = say({ quorums: [2, 3], writes: 10 });
    expect(said['conclusion']).toContain('cannot tell whether the mean write latency rises');
    expect(said['undecided']).toMatch(/±\d+ ms at quorum 2 and ±\d+ ms at quorum 3/);
    expect(said).not.toHaveProperty('flat-suspicious');
  });
});

describe('limits of belief', () => {
  test('rows with failures are named, and a row of failures only has no latency', () => {
    const said = say({ failShare: (k) => (k === 5 ? 1 : k === 4 ? 0.1 : 0) });
    expect(said['failures']).toMatch(/^At quorum 5 every write failed, so there is no latency and at quorum 4 \d+ of 100 writes failed\./);
    expect(said['conclusion']).toContain('to quorum 4');
  });

  test('a run of failures only has no latency to explain', () => {
    const said = say({ failShare: () => 1 });
    expect(said['conclusion']).toBe('No write succeeded at any quorum, so this run has no latency to show.');
    for (const id of ['why-it-rises', 'overhead', 'littles-law', 'lag-at-last-ack', 'thin']) expect(said, id).not.toHaveProperty(id);
  });

  test('a saturated generator and a saturated leader are told apart', () => {
    const generator = say({ busy: { generator: 0.95 } });
    expect(generator['conclusion']).toMatch(/^Inconclusive: the mean/);
    expect(generator['generator-busy']).toContain('The load generator was busy up to 95 % of the time at quorums 1 to 5');
    expect(generator).not.toHaveProperty('leader-busy');
    const leader = say({ busy: { leader: 0.85 } });
    expect(leader['leader-busy']).toContain('The leader was busy up to 85 %');
    expect(leader).not.toHaveProperty('generator-busy');
  });

  test('delays below the cost of a request drown in it', () => {
    const said = say({ delay: '0.1-1.0', writes: 500 });
    expect(said['conclusion']).toMatch(/^Inconclusive: /);
    expect(said['delays-below-cost']).toMatch(/The delays average 0\.550 ms, while a request itself costs 1\.\d+ to 1\.\d+ ms here/);
    expect(said).not.toHaveProperty('inconclusive');
  });

  test('a reason that no sentence knows is quoted', () => {
    const reasons = ['The moon was full.'];
    const said = say({ override: ({ quorum }) => (quorum === 2 ? { verdict: 'inconclusive', reasons } : {}) });
    expect(said['inconclusive']).toBe('Inconclusive: quorum 2. The moon was full.');
  });

  test('thin percentiles are announced', () => {
    expect(say({ writes: 99 })['thin']).toContain('p99 wants at least 100 successes');
    expect(say({ writes: 100 })).not.toHaveProperty('thin');
  });

  test('one quorum is no curve', () => {
    const said = say({ quorums: [3] });
    expect(said['conclusion']).toMatch(
      /^At quorum 3 of 5 followers a write takes 507 ms on average, where the delays alone predict 500 ms\.$/,
    );
    expect(said['one-quorum']).toContain('--quorums 1-5');
  });

  test('simulated loss takes model and overhead away, and says so', () => {
    const said = say({ loss: 0.1 });
    expect(said['loss']).toContain('with probability 10 %');
    for (const id of ['model', 'overhead', 'luck', 'outside-model']) expect(said, id).not.toHaveProperty(id);
  });

  test('a mean below its floor is called impossible', () => {
    const said = say({ waitsFor: (k) => Math.max(0, k - 1) });
    expect(said['below-floor']).toContain('At quorums 1 to 5 the mean latency is below its floor');
    expect(said).not.toHaveProperty('overhead');
    expect(said['outside-model']).not.toContain('overhead');
  });
});

describe('replicas', () => {
  const withParity = (status: 'match' | 'lag' | 'mismatch' | 'unreachable', extra: object = {}): BenchResult => {
    const { result } = makeBench();
    return { ...result, parity: result.parity.map((row) => (row.node === 'n3' ? { ...row, status, ...extra } : row)) };
  };

  test('a mismatch is a violation with its kind and an example', () => {
    const said = sayAbout(withParity('mismatch', { stale: 2, corrupt: 1, keys: ['key7'] }));
    expect(said['mismatch']).toContain('n3 (2 stale, 1 corrupt, for example "key7") held other data than the leader');
    expect(said).not.toHaveProperty('settled');
  });

  test('rows that were changed behind a node are a mismatch, though no key differs', () => {
    const said = sayAbout(withParity('mismatch', { altered: ['n1'] }));
    expect(said['mismatch']).toContain('n3 (changed on disk behind n1) held other data than the leader');
  });

  test('lag at the end is not a violation', () => {
    const said = sayAbout(withParity('lag', { missing: 1 }));
    expect(said['unsettled']).toContain('At the end n3 still lagged behind the leader');
    expect(said).not.toHaveProperty('mismatch');
  });

  test('nothing is claimed about a node that could not be asked', () => {
    const said = sayAbout(withParity('unreachable'));
    expect(said['unreachable']).toContain('At the end n3 could not be asked');
    expect(said).not.toHaveProperty('settled');
  });

  test('replicas that were not equal in time are named by their quorum', () => {
    const said = say({ override: ({ quorum }) => (quorum === 2 ? { settle_ms: null } : {}) });
    expect(said['unsettled']).toContain('did not become equal in time after quorum 2');
  });

  test('followers that were level at once are said to be so', () => {
    const level = { match: 5, lag: 0, mismatch: 0, unreachable: 0, missing: 0, stale: 0 };
    const said = say({ override: () => ({ parity_at_last_ack: level }) });
    expect(said).toHaveProperty('level-at-last-ack');
    expect(said).not.toHaveProperty('lag-at-last-ack');
  });

  test('a memory store promises memory, not disks', () => {
    expect(say()['what-it-buys']).toContain('durably on k + 1 nodes');
    expect(say({ store: 'memory' })['what-it-buys']).toContain('in the memory of k + 1 nodes');
  });

  test('without followers nothing is said about them', () => {
    const said = say({ followers: 0, quorums: [0] });
    for (const id of [
      'lag-at-last-ack',
      'level-at-last-ack',
      'settled',
      'what-it-buys',
      'equivalents',
      'one-quorum',
      'counterfactual-approximate',
    ]) {
      expect(said, id).not.toHaveProperty(id);
    }
  });
});

describe('the load', () => {
  test('an open loop is exact about other quorums, and is timed from the intended start', () => {
    const said = say({ rate: 40 });
    expect(said['counterfactual-exact']).toContain('In an open loop this is exact');
    expect(said['open-loop']).toContain('40.0 per second');
    expect(said).not.toHaveProperty('littles-law');
    expect(said).not.toHaveProperty('counterfactual-approximate');
  });

  test('Little’s law is quoted where it explains the throughput, and not for a run that is mostly its own end', () => {
    expect(say()['littles-law']).toMatch(/10 in flight at 839 ms each allow 11\.9 writes\/s at quorum 5 .* 11\.4 were measured/);
    expect(say({ writes: 15 })).not.toHaveProperty('littles-law');
  });

  test('runs that disagree with the counterfactual are not called the same', () => {
    const said = say({ waitsFor: () => 5 });
    expect(said['counterfactual-approximate']).toContain('differ from it by up to 654 ms');
  });

  test('quorum 0 is asynchronous replication', () => {
    expect(say({ quorums: [0, 1, 2] })['zero-quorum']).toMatch(
      /asynchronous replication: the 1\.\d+ ms are the request and the leader’s own durable copy/,
    );
  });

  test('reads are counted apart', () => {
    const said = say({ readShare: 0.5 });
    expect(said['reads']).toContain('50 % of the requests were reads, counted apart: 0.800 ms on average');
  });
});

test('a row of one success has no interval, and nothing is concluded from it', () => {
  const said = say({ writes: 1 });
  expect(said['conclusion']).toContain('cannot tell');
  expect(said['undecided']).toContain('A single success per quorum has no interval');
});

test('the order in which quorums ran does not matter', () => {
  const { result } = makeBench();
  const shuffled: QuorumResult[] = [2, 4, 0, 3, 1].map((i) => result.results[i]!);
  expect(sayAbout({ ...result, results: shuffled })['conclusion']).toBe(say()['conclusion']);
});
