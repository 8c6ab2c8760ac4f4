// Writes the compiled definitions into a module, so that the reflection service needs no file.
// The argument is where, from the root; the root itself unless given.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const path = join(process.argv[2] ?? '.', 'src/api/grpc/generated/descriptors.gen.ts');
const image = execFileSync('npx', [
  ...['buf', 'build', 'proto', '--as-file-descriptor-set', '--exclude-source-info'],
  ...['-o', '-#format=binpb'],
]);
const lines = image.toString('base64').match(/.{1,90}/g) ?? [];
const text = lines.map((line) => `  '${line}'`).join(' +\n');
mkdirSync(dirname(path), { recursive: true });
writeFileSync(
  path,
  '/** The definitions in proto/ as a google.protobuf.FileDescriptorSet, by `npm run proto:generate`. */\n' +
    `export const descriptors: Buffer = Buffer.from(\n${text},\n  'base64',\n);\n`,
);
