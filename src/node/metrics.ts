/** Prometheus metrics of one node. Names, units and labels are a contract with whoever scrapes them. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { WriteFailure, WriteSuccess } from '../core/message.ts';
import type { Replica } from '../core/replica.ts';
import type { Ms } from '../lib/units.ts';

const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const LINK_STATES = ['probe', 'install', 'snapshot', 'catch-up', 'stream'] as const;

export class Metrics {
  readonly registry = new Registry();
  readonly #results: Counter<'result'>;
  readonly #seconds: Histogram;
  readonly #overhead: Histogram;
  readonly #commit: Histogram;
  readonly #loop = monitorEventLoopDelay({ resolution: 100 });

  /** @param lag per follower, for the gauges; asked for at each scrape */
  constructor(replica: () => Replica, lag: (now?: Ms) => readonly { node: string; records: number; ms: number; link: string }[]) {
    const registers = [this.registry];
    this.#results = new Counter({
      name: 'kvctl_writes_total',
      help: 'Writes answered, by result: ok, replayed (a retry by its Idempotency-Key) or the error code.',
      labelNames: ['result'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'kvctl_write_seconds',
      help: 'Admission to commit of successful writes.',
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
    this.#overhead = new Histogram({
      name: 'kvctl_write_overhead_seconds',
      help: 'Admission to commit minus the need-th smallest simulated delay of the write.',
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
    this.#commit = new Histogram({
      name: 'kvctl_store_commit_seconds',
      help: 'Duration of one group commit.',
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
    gauge(this, 'kvctl_epoch', 'Epoch that this node promised or leads.', () => replica().epoch);
    gauge(this, 'kvctl_write_quorum', 'Write quorum in force, on the leader.', () => replica().leader?.quorum ?? Number.NaN);
    const follower = (name: string, help: string, value: (lag: { records: number; ms: number }) => number): Gauge<'follower'> =>
      new Gauge({
        name,
        help,
        labelNames: ['follower'],
        registers,
        collect() {
          this.reset();
          for (const each of lag()) this.set({ follower: each.node }, value(each));
        },
      });
    follower('kvctl_follower_lag_records', 'Accepted writes between the follower’s watermark and the head.', (each) => each.records);
    follower('kvctl_follower_lag_seconds', 'Age of the oldest write that the follower lacks.', (each) => each.ms / 1000);
    new Gauge({
      name: 'kvctl_link_state',
      help: '1 for the state that the link to the follower is in.',
      labelNames: ['follower', 'state'],
      registers,
      collect() {
        this.reset();
        for (const each of lag()) for (const state of LINK_STATES) this.set({ follower: each.node, state }, state === each.link ? 1 : 0);
      },
    });
    gauge(this, 'kvctl_event_loop_delay_seconds', '99th percentile of the event loop delay since the last scrape.', () => {
      const seconds = this.#loop.percentile(99) / 1e9;
      this.#loop.reset();
      return seconds;
    });
  }

  watch(): void {
    this.#loop.enable();
  }

  wrote(result: WriteSuccess | WriteFailure): void {
    if (!result.ok) {
      this.#results.inc({ result: result.code });
      return;
    }
    this.#results.inc(result.isReplayed ? REPLAYED : OK);
    if (result.isReplayed) return;
    this.#seconds.observe(result.quorumMs / 1000);
    this.#overhead.observe((result.quorumMs - result.floorMs) / 1000);
  }

  committed(ms: Ms): void {
    this.#commit.observe(ms / 1000);
  }

  close(): void {
    this.#loop.disable();
  }
}

const OK = { result: 'ok' };
const REPLAYED = { result: 'replayed' };

function gauge(metrics: Metrics, name: string, help: string, value: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [metrics.registry],
    collect() {
      this.set(value());
    },
  });
}
