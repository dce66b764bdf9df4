/** What a leader's links say to followers, with what every message of this leadership has in common. What leaves when is theirs (link.ts). */
import type { Host } from './host.ts';
import { isWithin } from './lineage.ts';
import type { Addressee, LinkPort } from './link-port.ts';
import type { Network } from './network.ts';
import type { LeaderAddress, PageHeader, ReplicateAnswer, ReplicateRequest, SnapshotPart } from './peer.ts';
import type { History, KvRecord, Member } from './record.ts';
import { Snapshot } from './snapshot.ts';
import type { Trace } from './trace.ts';
import { isNewer, type Version } from './version.ts';

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
interface Now extends Pick<ReplicateRequest, 'head' | 'committedThrough' | 'quorum' | 'kMin' | 'purgeFloor'> {
  /** Tombstones up to here are gone, or are just going. */
  readonly collectedTo: Version;
}

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

  send(link: Addressee, records: readonly KvRecord[], page: PageHeader | null): number {
    if (page === null) for (const { version } of records) this.#trace.sent(version.seq, link.index, this.#host.now());
    return this.#send(link, records, page, null);
  }

  sendPart(link: Addressee, rows: readonly KvRecord[], part: SnapshotPart): number {
    return this.#send(link, rows, null, part);
  }

  install(link: Addressee, after: Version, rows: ReadonlyMap<string, KvRecord | null>): number {
    const { history } = this.#sender;
    const { purgeFloor } = this.#now();
    return this.#host.send(link.node, { t: 'install', ...this.#address(link), history, purgeFloor, after, rows });
  }

  newSnapshot({ start }: Addressee): Snapshot {
    return new Snapshot(this.#host.token(), this.#now().collectedTo, start);
  }

  readView(snapshot: Snapshot): number {
    const { pageRows: limit, batchBytes: maxBytes } = this.#sender;
    const token = this.#host.token();
    this.#host.out({ t: 'readView', token, view: snapshot.id, limit, maxBytes });
    return token;
  }

  closeView(snapshot: Snapshot): void {
    this.#host.out({ t: 'closeView', view: snapshot.id });
  }

  mustSnapshot({ watermark }: Addressee): boolean {
    return isNewer(this.#now().collectedTo, watermark);
  }

  mustInstall({ watermark, newest }: ReplicateAnswer): boolean {
    return !isWithin(watermark, newest, this.#sender.history);
  }

  scan(_link: Addressee, since: Version, until: Version): number {
    const { pageRows: limit, batchBytes: maxBytes } = this.#sender;
    const token = this.#host.token();
    this.#host.out({ t: 'scan', token, since, until, limit, maxBytes });
    return token;
  }

  lookup(_link: Addressee, keys: readonly string[]): number {
    const token = this.#host.token();
    this.#host.out({ t: 'lookup', token, keys });
    return token;
  }

  losesNext(link: Addressee): boolean {
    return this.#network.losesNext(link.node);
  }

  drawAgain(link: Addressee): number {
    return this.#network.drawAgain(link.node);
  }

  jitter(): number {
    return this.#host.jitter();
  }

  #send(link: Addressee, records: readonly KvRecord[], page: PageHeader | null, snapshot: SnapshotPart | null): number {
    const { epoch, history } = this.#sender;
    const { collectedTo, ...now } = this.#now();
    const isUnreached = (page !== null || snapshot !== null) && link.watermark.epoch !== epoch;
    return this.#host.send(link.node, {
      t: 'replicate',
      ...this.#address(link),
      order: ++this.#order,
      ...now,
      records,
      page,
      snapshot,
      history: isUnreached ? history : null,
    });
  }

  #address({ incarnation, start }: Addressee): LeaderAddress {
    const { nodeId, lineage, epoch, members } = this.#sender;
    return { from: nodeId, lineage, epoch, incarnation, start, members };
  }
}
