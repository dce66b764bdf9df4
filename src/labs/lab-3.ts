/** Lab 3, a Flask service with threads. Its `GET /status` with statistics of the node is kvctl's own, in every dialect. */
import type { Dialect } from './dialect.ts';
import type { LabEnvironment } from './lab-environment.ts';

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

export const LAB_3_ENVIRONMENT: LabEnvironment = {
  name: 'lab-3',
  role: 'NODE_TYPE',
  followers: { FOLLOWERS: 'hosts', FOLLOWER_URLS: 'urls' },
  fixedFollowers: [1, 2, 3, 4, 5].map((each) => `http://follower${each}:${5000 + each}`),
  delay: { min: 'MIN_DELAY', max: 'MAX_DELAY', unit: 's', otherwise: ['0.01', '0.15'] },
  quorum: 5,
  port: 5000,
  store: 'memory',
};
