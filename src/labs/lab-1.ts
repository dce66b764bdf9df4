/**
 * Lab 1, a FastAPI service. Its documentation gives the calls, and of the answers only that health tells the role; what is
 * promised here is therefore the least that a client needs.
 */
import type { Dialect } from './dialect.ts';
import type { LabEnvironment } from './lab-environment.ts';

export const LAB_1: Dialect = {
  name: 'lab-1',
  title: 'POST /write, GET /read?key=',
  write: {
    method: 'POST',
    path: '/write',
    body: { key: '{key}', value: '{value}' },
    ok: { status: 200, body: null },
  },
  read: {
    method: 'GET',
    path: '/read',
    query: { key: '{key}' },
    ok: { status: 200, body: { value: '{value}' } },
  },
  dump: { method: 'GET', path: '/dump', ok: { status: 200, body: '{data}' } },
  health: { method: 'GET', path: '/health', ok: { status: 200, body: { role: '{role}' } } },
  errorBody: { detail: '{message}' },
};

export const LAB_1_ENVIRONMENT: LabEnvironment = {
  name: 'lab-1',
  role: 'IS_LEADER',
  followers: { FOLLOWERS: 'hosts' },
  fixedFollowers: [],
  delay: { min: 'MIN_DELAY', max: 'MAX_DELAY', unit: 'whole ms', otherwise: ['0', '1000'] },
  quorum: 1,
  port: 5000,
  store: 'memory',
};
