/** What a process of kvctl ends with (SPEC 9); the last three are k6's numbers. A KvctlError knows its own. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  violation: 3,
  notReady: 4,
  inconclusive: 5,
  threshold: 99,
  invalidScenario: 104,
  interrupted: 105,
} as const;
