/**
 * What must have happened at least once over a batch of seeds: a simulation in which nothing interesting happens proves nothing.
 * Each is noticed from outside, by what is sent, stored and answered. A goal that is no longer reached is a bug of the simulator.
 */
export const GOALS = [
  'a follower acked after the client had its answer',
  'a record was acked that a newer one had superseded',
  'a hole below a newer record was healed',
  'a row moved while a scan was running',
  'a page ended before a record that was not due',
  'a lost record was sent again',
  'a stream broke off into catch-up',
  'a request came twice',
  'an answer came after its caller had given up',
  'a stale epoch was refused',
  'another lineage was refused',
  'another incarnation was refused',
  'a blank node was filled and counts again',
  'a lower quorum was recorded by a majority',
  'a lower quorum was not recorded in time',
  'a write failed early, too few followers being there',
  'a write timed out and committed later',
  'a write that nobody had to ack succeeded',
  'a write that everybody had to ack succeeded',
  'a write was refused because too many waited',
  'a leader that was to stop refused writes, and answered those that waited',
  'a write that was sent again was answered with its first version',
  'a write that was sent again waited for its quorum',
  'a write was sent again while the first request waited',
  'another write under a key that was taken was refused',
  'a read saw the value before a pending one',
  'a majority confirmed a linearizable read',
  'a linearizable read was not confirmed in time',
  'a restarted leader found more than it had acknowledged',
  'a leader restarted in the middle of its opening',
  'a crash lost a commit that was under way',
  'a crash came after a commit and before its answer',
  'a crash tore a commit',
  'the disk of the leader failed, and nobody knows about its writes',
  'the disk of a follower failed',
  'a node was frozen and went on',
  'a node lost its disk and came back blank',
  'with some followers cut off, the others were enough',
  'a promotion moved the leadership',
  'a promotion was refused as not lossless',
  'a hole was gathered from another node',
  'two candidates were under way at once',
  'a candidate crashed after it had fenced others, and another one finished',
  'a blank node did not count for a promotion',
  'the smallest need was carried over to another leader',
  'a leader that did not know that it was deposed was refused',
  'a row was rolled back',
  'a deposed leader rolled back what it had written itself',
  'a crash came in the middle of a rollback',
  'a node came back from an epoch that never opened',
  'a tombstone was collected',
  'a tombstone was collected that a node which was away lacks',
  'a snapshot took the place of what a node held',
  'a snapshot was interrupted',
  'two snapshots were under way at once',
  'a leader began a snapshot for a node that had begun to build one of another leader',
  'a key of a write came with a snapshot',
  'nobody led, and an operator found somebody who can',
  'a committed write was lost, as its need or force allowed',
  'a client asked a node that does not lead, and learned who does',
] as const;

export type Goal = (typeof GOALS)[number];

export class Goals {
  readonly reached = new Set<Goal>();

  reach(goal: Goal): void {
    this.reached.add(goal);
  }
}
