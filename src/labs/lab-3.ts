/** Lab 3, a Flask service with threads. Its `GET /status` with statistics of the node is kvctl's own, in every dialect. */
import type { Dialect } from './dialect.ts';

export const LAB_3: Dialect = {
  name: 'lab-3',
  title: 'POST /set, GET /get/{key}, GET /get_all on followers',
  write: {
    method: 'POST',
    path: '/set',
    body: { key: '{key}', value: '{value}' },
    ok: { status: 200, body: { success: true, replicas: '{acks}' } },
    notLeader: { status: 403, body: { error: '{message}' } },
    quorumNotMet: { status: 500, body: { error: 'Quorum not reached' } },
  },
  read: {
    method: 'GET',
    path: '/get/{key}',
    ok: { status: 200, body: { value: '{value}' } },
  },
  dump: { method: 'GET', path: '/get_all', ok: { status: 200, body: '{data}' } },
  dumpOn: 'followers',
  health: { method: 'GET', path: '/health', ok: { status: 200, body: null } },
  errorBody: { error: '{message}' },
};
