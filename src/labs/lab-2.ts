/** Lab 2, a FastAPI service: kvctl's own dialect is a superset of its client and admin calls. */
import type { Dialect } from './dialect.ts';
import type { LabEnvironment } from './lab-environment.ts';

export const LAB_2: Dialect = {
  name: 'lab-2',
  title: 'PUT and GET /kv/{key}, quorum switched at /admin/quorum',
  write: {
    method: 'PUT',
    path: '/kv/{key}',
    body: { value: '{value}' },
    ok: { status: 200, body: { key: '{key}', value: '{value}', follower_acks: '{acks}', quorum_met: true } },
    notLeader: { status: 403, body: { detail: 'Writes allowed only on leader' } },
    quorumNotMet: { status: 503, body: { detail: { message: '{message}', follower_acks: '{acks}', required: '{required}' } } },
  },
  read: {
    method: 'GET',
    path: '/kv/{key}',
    ok: { status: 200, body: { key: '{key}', value: '{value}' } },
    keyNotFound: { status: 404, body: { detail: '{message}' } },
  },
  dump: { method: 'GET', path: '/dump', ok: { status: 200, body: '{data}' } },
  health: { method: 'GET', path: '/health', ok: { status: 200, body: { status: 'ok', role: '{role}', node_id: '{node}' } } },
  setQuorum: {
    method: 'POST',
    path: '/admin/quorum',
    body: { write_quorum: '{quorum}' },
    ok: { status: 200, body: { write_quorum: '{quorum}' } },
  },
  errorBody: { detail: '{message}' },
};

export const LAB_2_ENVIRONMENT: LabEnvironment = {
  name: 'lab-2',
  role: 'ROLE',
  followers: { FOLLOWER_URLS: 'urls' },
  fixedFollowers: [],
  delay: { min: 'MIN_DELAY_MS', max: 'MAX_DELAY_MS', unit: 'ms', otherwise: ['0', '1000'] },
  quorum: 3,
  port: 8000,
  store: 'memory',
};
