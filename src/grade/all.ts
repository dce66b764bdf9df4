/** The checks, in the order in which they run: those that could hurt a server come after those that look, and stopping comes last. */
import type { Check } from './check.ts';
import { AFTER_QUORUM } from './checks/after-quorum.ts';
import { AT_QUORUM } from './checks/at-quorum.ts';
import { CONCURRENT_REPLICATION } from './checks/concurrent-replication.ts';
import { CONCURRENT_REQUESTS } from './checks/concurrent-requests.ts';
import { DELAY_RANGE } from './checks/delay-range.ts';
import { DELETES } from './checks/deletes.ts';
import { LATE_WRITES } from './checks/late-writes.ts';
import { LEADER_ONLY } from './checks/leader-only.ts';
import { ODD_BODIES_CHECK } from './checks/odd-bodies.ts';
import { ODD_KEYS_CHECK } from './checks/odd-keys.ts';
import { CATCH_UP, DELETES_AWAY, FAILED_WRITE, QUORUM_ENFORCED } from './checks/outage-checks.ts';
import { OWN_DELAY } from './checks/own-delay.ts';
import { PARITY } from './checks/parity.ts';
import { QUORUM_SWITCH } from './checks/quorum-switch.ts';
import { RESTART } from './checks/restart-check.ts';
import { ROUND_TRIP } from './checks/round-trip.ts';
import { RUNNING_WRITES } from './checks/running-writes.ts';

export const CHECKS: readonly Check[] = [
  LEADER_ONLY,
  ROUND_TRIP,
  AT_QUORUM,
  QUORUM_SWITCH,
  RUNNING_WRITES,
  CONCURRENT_REPLICATION,
  OWN_DELAY,
  DELAY_RANGE,
  AFTER_QUORUM,
  LATE_WRITES,
  PARITY,
  DELETES,
  CONCURRENT_REQUESTS,
  ODD_KEYS_CHECK,
  ODD_BODIES_CHECK,
  QUORUM_ENFORCED,
  FAILED_WRITE,
  CATCH_UP,
  DELETES_AWAY,
  RESTART,
];
