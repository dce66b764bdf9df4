/** What a leader's links say to followers, with what every message of this leadership has in common. What leaves when is theirs (link.ts). */
import type { Host } from './host.ts';
import { isWithin } from './lineage.ts';
import type { Link, LinkPort } from './link.ts';
import type { InstallRequest, PageHeader, ReplicateAnswer, ReplicateRequest } from './message.ts';
import type { Network } from './network.ts';
import type { History, KvRecord, Member } from './record.ts';
import type { Trace } from './trace.ts';
import type { Version } from './version.ts';

export interface Sender {
  readonly nodeId: string;
  readonly lineage: string;
  readonly epoch: number;
  readonly members: readonly Member[];
  readonly history: History;
  /** Rows and bytes of one page. */
  readonly pageRows: number;
  readonly batchBytes: number;
}

/** As it is when a message leaves. */
type Now = Pick<ReplicateRequest, 'head' | 'committedThrough' | 'quorum' | 'kMin'>;

export class Mail implements LinkPort {
  readonly #sender: Sender;
  readonly #network: Network;
  readonly #trace: Trace;
  readonly #host: Host;
  readonly #now: () => Now;
  /** Requests sent to anybody. */
  #order = 0;

  constructor(sender: Sender, network: Network, trace: Trace, host: Host, now: () => Now) {
    this.#sender = sender;
    this.#network = network;
    this.#trace = trace;
    this.#host = host;
    this.#now = now;
  }

  send(link: Link, records: readonly KvRecord[], page: PageHeader | null): number {
    const { epoch, history } = this.#sender;
    if (page === null) for (const { version } of records) this.#trace.sent(version.seq, link.index, this.#host.now());
    const isUnreached = page !== null && link.watermark.epoch !== epoch;
    return this.#host.send(link.node, {
      t: 'replicate',
      ...this.#address(link),
      order: ++this.#order,
      ...this.#now(),
      purgeFloor: { epoch: 0, seq: 0 },
      records,
      page,
      history: isUnreached ? history : null,
    });
  }

  install(link: Link, after: Version, rows: ReadonlyMap<string, KvRecord | null>): number {
    return this.#host.send(link.node, { t: 'install', ...this.#address(link), history: this.#sender.history, after, rows });
  }

  mustInstall({ watermark, newest }: ReplicateAnswer): boolean {
    return !isWithin(watermark, newest, this.#sender.history);
  }

  scan(_link: Link, since: Version, until: Version): number {
    const { pageRows: limit, batchBytes: maxBytes } = this.#sender;
    const token = this.#host.token();
    this.#host.out({ t: 'scan', token, since, until, limit, maxBytes });
    return token;
  }

  lookup(_link: Link, keys: readonly string[]): number {
    const token = this.#host.token();
    this.#host.out({ t: 'lookup', token, keys });
    return token;
  }

  losesNext(link: Link): boolean {
    return this.#network.losesNext(link.node);
  }

  drawAgain(link: Link): number {
    return this.#network.drawAgain(link.node);
  }

  jitter(): number {
    return this.#host.jitter();
  }

  #address({ incarnation, start }: Link): Pick<InstallRequest, 'from' | 'lineage' | 'epoch' | 'incarnation' | 'start' | 'members'> {
    const { nodeId, lineage, epoch, members } = this.#sender;
    return { from: nodeId, lineage, epoch, incarnation, start, members };
  }
}
