/**
 * A million bodies of JSON over REST, or of protobuf over gRPC, or as many as wanted:
 *
 *     npm run build && npx tsc -p test/tsconfig.security-fuzz.json
 *     node dist/security-fuzz/test/security/fuzz-bodies.js --bodies 1000000 \
 *       [--protocol grpc] [--seed S]
 *
 * Exit code 0 when nothing was found; 1 with what was, and the seed.
 */
import { parseArgs } from 'node:util';
import { CAPACITY } from '../api/running-api.js';
import { forbiddenEvents, runFuzz } from './fuzz-run.js';
import { runGrpcFuzz } from './grpc-fuzz-run.js';
import { startSecureApi } from './secure-api.js';

const { values } = parseArgs({
  options: {
    bodies: { type: 'string', default: '1000000' },
    protocol: { type: 'string', default: 'rest' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
/** Room for every body that is an order: risk is to be asked until the end. */
const ids = 2 * Number(values.bodies) + 1000;
const capacity = { ...CAPACITY, orders: ids, clientIds: ids };
const secure = await startSecureApi({ capacity });
const run = values.protocol === 'grpc' ? runGrpcFuzz : runFuzz;
process.stderr.write(`${values.protocol}: ${values.bodies} bodies, seed ${values.seed}\n`);
const result = await run(secure, Number(values.bodies), Number(values.seed));
const forbidden = forbiddenEvents(secure);
await secure.stop();
secure.remove();
process.stdout.write(`${JSON.stringify({ ...result, seed: Number(values.seed), forbidden })}\n`);
process.exitCode = result.findings.length + forbidden.length === 0 ? 0 : 1;
