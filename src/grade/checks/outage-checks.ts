/** The four checks that an outage answers. */
import type { Check, Ground } from '../check.ts';
import { type Finding, failed, pass, unknown } from '../finding.ts';
import { isSame } from '../outage.ts';
import type { DoubtfulKey, Outage } from '../outage-record.ts';
import { shows } from '../subject.ts';

export const QUORUM_ENFORCED: Check = {
  id: 'quorum-enforced',
  title: 'Without its quorum a write does not succeed, with it a write does, though followers are down',
  about:
    'A success that fewer followers have than it promises is lost with them. And who needs all followers to be up has no use for a quorum.',
  needs: ['writes', 'followers'],
  run: async (ground) =>
    ground.subject.control === null ? judgeImpossible(ground) : judgeEnforced(await ground.outage(), ground.subject.followers.length),
};

export const FAILED_WRITE: Check = {
  id: 'failed-write',
  title: 'A failed write leaves leader and followers in agreement',
  about:
    'When too few followers answered, nobody knows what became of the write, and it may stay or go. But it must be the same everywhere in the end.',
  needs: ['writes', 'followers', 'control'],
  run: async (ground) => judgeFailedWrites(await ground.outage()),
};

export const CATCH_UP: Check = {
  id: 'catch-up',
  title: 'A follower that was away catches up by itself',
  about:
    'Messages to a follower that is down are lost. Somebody has to remember them, or the follower stays wrong for ever, though it looks well.',
  needs: ['writes', 'followers', 'control'],
  run: async (ground) => judgeCatchUp(await ground.outage()),
};

export const DELETES_AWAY: Check = {
  id: 'deletes-away',
  title: 'A follower that was away learns what was deleted meanwhile',
  about: 'Who only sends what there is never tells what there is no more: the key lives on at the follower that missed its end.',
  needs: ['writes', 'followers', 'remove', 'control'],
  run: async (ground) => judgeDeletesAway(await ground.outage()),
};

/** Without a way to stop anybody one question is left: a quorum that is larger than the number of followers can never be met. */
async function judgeImpossible({ subject, look }: Ground): Promise<Finding> {
  const why = 'Cannot be told: it takes nodes that can be stopped and started (--stop-cmd and --start-cmd, or --compose).';
  if (!look.canSwitch) return unknown(why);
  const impossible = subject.followers.length + 1;
  const set = await subject.setQuorum(impossible);
  if (set?.outcome !== 'success' || (set.bindings.quorum !== undefined && set.bindings.quorum !== impossible)) return unknown(why);
  const reply = await subject.api.write(subject.leader, subject.key('impossible'), subject.value());
  await subject.setQuorum(subject.followers.length);
  if (reply.outcome !== 'success') return unknown(why);
  return failed(
    `The leader took a quorum of ${impossible}, which ${subject.followers.length} followers can never meet, and then answered a write with success.`,
    {
      requests: [set.exchange, reply.exchange],
    },
  );
}

function judgeEnforced({ trouble, met, unmet }: Outage, followers: number): Finding {
  const exchanges = [...(unmet?.replies ?? []), ...(met?.replies ?? [])].map(({ exchange }) => exchange);
  const lies = (unmet?.replies ?? []).filter(({ outcome }) => outcome === 'success');
  if (unmet !== null && lies.length > 0) {
    return failed(
      `${unmet.alive} of ${followers} followers were up and the quorum was ${unmet.quorum ?? 'at least 1'}, and ${lies.length} of ${unmet.replies.length} writes were answered with success` +
        `${lies.length < unmet.replies.length ? ': it gives up on the quorum after a while' : ''}.`,
      { requests: lies.map(({ exchange }) => exchange) },
    );
  }
  const refused = (met?.replies ?? []).filter(({ outcome }) => outcome !== 'success');
  if (met !== null && refused.length > 0) {
    return failed(
      `${met.alive} of ${followers} followers were up, which is enough for quorum ${met.quorum}, and ${refused.length} of ${met.replies.length} writes were not answered with success.`,
      { requests: refused.map(({ exchange }) => exchange) },
    );
  }
  if (trouble !== null) return unknown(`Cannot be told: ${trouble}.`, { requests: exchanges });
  if (unmet === null)
    return unknown('Cannot be told: the quorum is not known (say it with --quorum), or it is 0.', { requests: exchanges });
  const silent = unmet.replies.filter(({ outcome }) => outcome === 'unanswered');
  if (silent.length > 0) {
    return unknown(
      'No write succeeded without its quorum as long as anybody waited, but some were not answered at all: a longer --timeout would tell.',
      {
        requests: silent.map(({ exchange }) => exchange),
      },
    );
  }
  const whileMet =
    met === null ? '' : `, and all ${met.replies.length} writes succeeded while exactly as many followers were up as the quorum asks for`;
  return pass(
    `${unmet.replies.length} writes at quorum ${unmet.quorum ?? '(not told)'} with ${unmet.alive} ${unmet.alive === 1 ? 'follower' : 'followers'} up were all refused${whileMet}.`,
    { requests: exchanges },
  );
}

function judgeFailedWrites({ trouble, doubtful, unmet, stopped }: Outage): Finding {
  const failures = doubtful.filter(({ reply }) => reply.outcome !== 'success');
  const split = failures.filter(({ atLeader, atFollowers }) => atFollowers.some(({ reading }) => !isSame(reading, atLeader)));
  if (split.length > 0) {
    const [first] = split as [DoubtfulKey];
    return failed(
      `${split.length} of ${failures.length} writes that failed for want of a quorum are ${isShown(first) ? 'kept by the leader and missing at' : 'taken back by the leader and kept by'} followers that were up all the time, for ever.`,
      {
        requests: split.flatMap(({ reply, atLeader, atFollowers }) => [
          reply.exchange,
          atLeader.exchange,
          ...atFollowers.map(({ reading }) => reading.exchange),
        ]),
      },
    );
  }
  const lied = failures.filter(
    (item) => saysDefinite(item) && (isShown(item) || item.atFollowers.some(({ reading }) => shows(reading, item.tried))),
  );
  if (lied.length > 0) {
    return failed('The leader said that the write certainly did not happen ("definite": true), and its value is there.', {
      requests: lied.flatMap(({ reply, atLeader }) => [reply.exchange, atLeader.exchange]),
    });
  }
  const odd = failures.filter(({ before, tried, atLeader }) => !shows(atLeader, tried) && !shows(atLeader, before));
  if (odd.length > 0) {
    return failed('After a write that failed, its key has neither the new value nor the one from before.', {
      requests: odd.flatMap(({ reply, atLeader }) => [reply.exchange, atLeader.exchange]),
    });
  }
  if (trouble !== null) return unknown(`Cannot be told: ${trouble}.`);
  if (unmet === null || failures.length === 0) return unknown('Cannot be told: no write failed for want of a quorum.');
  if (failures.every(({ atFollowers }) => atFollowers.length === 0)) {
    return unknown(
      `Cannot be told: ${stopped.length} followers had to be stopped to make a write fail, and none stayed up to compare with.`,
    );
  }
  const kept = failures.filter(isShown).length;
  return pass(
    `Of ${failures.length} writes that failed for want of a quorum ${kept === 0 ? 'none' : kept} stayed, and leader and followers agree on each.`,
    { requests: failures.flatMap(({ reply, atLeader }) => [reply.exchange, atLeader.exchange]) },
  );
}

function judgeCatchUp({ trouble, met, return: back, stopped }: Outage): Finding {
  const names = stopped.map(({ name }) => name).join(', ');
  if (back === null) {
    if (trouble !== null) return unknown(`Cannot be told: ${trouble}.`);
    const why =
      met === null ? 'with this quorum no write succeeds while a follower is away' : 'no write succeeded while followers were away';
    return unknown(`Cannot be told: ${why}, so they missed nothing.`, { requests: met?.replies.map(({ exchange }) => exchange) ?? [] });
  }
  const { missed, forgotten, counts, waitedMs, tookMs, afterNextWrite } = back;
  const seconds = `${(waitedMs / 1000).toFixed(0)} s`;
  const requests = [...missed, ...forgotten].map(({ reading }) => reading.exchange);
  if (missed.length > 0) {
    const copies = counts.missed * stopped.length;
    const after =
      afterNextWrite === null
        ? ''
        : afterNextWrite.missed.length === 0
          ? ' One more write brought them all: what was missed is sent only along with the next write.'
          : afterNextWrite.arrived
            ? ' The next write arrived, and what was missed still did not.'
            : ' Not even the next write arrived.';
    return failed(`${names} came back and lacked ${missed.length} of ${copies} missed writes after ${seconds} without new ones.${after}`, {
      requests,
    });
  }
  if (forgotten.length > 0) {
    return failed(
      `${names} got what was written while away, and lost what was there before: started empty, and only the missed writes were sent.`,
      { requests },
    );
  }
  if (trouble !== null) return unknown(`Cannot be told: ${trouble}.`);
  return pass(
    `${names} had all ${counts.missed} missed writes and everything from before ${((tookMs ?? 0) / 1000).toFixed(1)} s after the start, without a new write.`,
  );
}

function judgeDeletesAway({ trouble, return: back, stopped }: Outage): Finding {
  if (back === null) return unknown(`Cannot be told: ${trouble ?? 'nothing could be deleted while a follower was away'}.`);
  if (back.counts.deleted === 0) {
    return unknown('Cannot be told: no delete succeeded while a follower was away.', {
      requests: back.deletes.map(({ exchange }) => exchange),
    });
  }
  if (back.missed.length > 0) return unknown('Cannot be told: the followers that were away did not catch up at all, see catch-up.');
  if (back.undeleted.length > 0) {
    return failed(
      `${back.undeleted.length} of ${back.counts.deleted * stopped.length} copies of keys that were deleted while their follower was away are still there, though it caught up with what was written.`,
      { requests: [...back.deletes.slice(0, 1).map(({ exchange }) => exchange), ...back.undeleted.map(({ reading }) => reading.exchange)] },
    );
  }
  if (trouble !== null) return unknown(`Cannot be told: ${trouble}.`);
  return pass(
    `${back.counts.deleted} keys were deleted while ${stopped.map(({ name }) => name).join(', ')} were away, and are gone there too.`,
  );
}

function isShown({ atLeader, tried }: DoubtfulKey): boolean {
  return shows(atLeader, tried);
}

/** kvctl's own errors say so, and others may: the one promise about a failed write that can be a lie. */
function saysDefinite({ reply }: DoubtfulKey): boolean {
  try {
    return (JSON.parse(reply.exchange.answer) as { definite?: unknown }).definite === true;
  } catch {
    return false;
  }
}
