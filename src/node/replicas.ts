/** What the leader knows of its followers, in the words of the API. */
import type { Replica } from '../core/replica.ts';
import { formatVersion } from '../core/version.ts';
import type { Ms } from '../lib/units.ts';
import type { ReplicaStatus } from '../wire/api.ts';

/** One entry per follower; none on a node that does not lead. */
export function replicasOf(replica: Replica, now: Ms): ReplicaStatus[] {
  const { leader } = replica;
  if (leader === null) return [];
  const urls = new Map(replica.members.map((member) => [member.id, member.url]));
  return leader.links.map((link) => ({
    node: link.node,
    url: urls.get(link.node) ?? '',
    link: link.state,
    is_up: link.isUp,
    silent_ms: link.answeredAt === null ? null : now - link.answeredAt,
    is_blank: link.isBlank,
    watermark: formatVersion(link.watermark),
    lag_records: leader.lagRecords(link),
    lag_ms: leader.lagMs(link, now),
    in_flight: link.inFlight,
    queued: link.queued,
  }));
}
