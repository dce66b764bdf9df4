/** undici's pool without the rest of the package; see peers.ts. */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}
