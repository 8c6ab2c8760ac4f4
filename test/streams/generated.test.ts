/** The code of the definitions is kept twice, so that the client's package stands alone: never apart. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const SERVER = folder('src/api/grpc/generated/daybook/v1');
const CLIENT = folder('clients/typescript/src/generated/daybook/v1');

it('generated code is the same in the server and in the TypeScript client', () => {
  const names = readdirSync(SERVER).sort();
  expect(names.length).toBeGreaterThan(0);
  expect(readdirSync(CLIENT).sort()).toEqual(names);
  for (const name of names) {
    const [server, client] = [SERVER, CLIENT].map((each) =>
      readFileSync(`${each}/${name}`, 'utf8'),
    );
    expect(client === server, `${name}: npm run proto:generate`).toBe(true);
  }
});
